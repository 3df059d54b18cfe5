import { createReadStream } from 'node:fs';
import { parentPort, workerData } from 'node:worker_threads';
import { PostureFileError } from '../observations/posture-file.error.js';
import type { PostureFileAnswer, PostureFileTask } from './posture-file-messages.js';
import { readPostureFile } from './read-posture-file.js';

const REPORT_EVERY_BYTES = 1024 * 1024;

/** Everything large (the bytes, the text, the parsed document) stays in this thread; only the proposals leave it. */
async function read(task: PostureFileTask): Promise<PostureFileAnswer> {
  try {
    return { read: await readPostureFile(reported(task.file), task) };
  } catch (error) {
    if (error instanceof PostureFileError) return { fault: error.fault, message: error.message };
    if ((error as NodeJS.ErrnoException).syscall === undefined) throw error;
    return { fault: 'file_unreadable', message: `the file cannot be read (${(error as NodeJS.ErrnoException).code})` };
  }
}

async function* reported(file: string): AsyncGenerator<Uint8Array> {
  let bytesRead = 0;
  let reportedBytes = 0;
  for await (const chunk of createReadStream(file) as AsyncIterable<Uint8Array>) {
    yield chunk;
    bytesRead += chunk.length;
    if (bytesRead - reportedBytes < REPORT_EVERY_BYTES) continue;
    reportedBytes = bytesRead;
    parentPort?.postMessage({ bytesRead });
  }
}

parentPort?.postMessage(await read(workerData as PostureFileTask));
