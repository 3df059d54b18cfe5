import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import path from 'node:path';
import { answerOfWorker, builtWorkerFile, checkFile, FileFault } from '../../files/file-reader.js';
import { PostureFileError } from '../observations/posture-file.error.js';
import type { PostureFileAnswer, PostureFileTask, ReadPostureFile } from './posture-file-messages.js';

export interface ReadFileOptions {
  timeoutMs: number;
  /** The compiled worker script; the one in `dist/` by default. */
  workerFile?: string;
  signal?: AbortSignal;
  onProgress?: (bytesRead: number) => void;
}

/** Identifies a file by its size and the SHA-256 of its bytes in hexadecimal digits. */
export interface FileIdentity {
  byteCount: number;
  contentHash: string;
}

/** @throws PostureFileError when there is no such file, or it is too large. */
export async function identifyFile(file: string, maxBytes: number): Promise<FileIdentity> {
  return asPostureFault(async () => {
    const byteCount = await checkFile(file, maxBytes, 'it has nothing to import');
    const hash = createHash('sha256');
    for await (const chunk of createReadStream(file)) hash.update(chunk as Buffer);
    return { byteCount, contentHash: hash.digest('hex') };
  });
}

/**
 * Reads a file in a worker thread, with its format and its preset.
 * @throws PostureFileError when the file is unusable as a whole; its message does not name the file
 */
export async function readFileInThread(task: PostureFileTask, options: ReadFileOptions): Promise<ReadPostureFile> {
  const { workerFile = builtWorkerFile('imports/reading/posture-file-worker.js'), ...others } = options;
  const answer = await asPostureFault(() =>
    answerOfWorker<PostureFileAnswer>(
      { ...task, file: path.resolve(task.file) },
      { workerFile, what: 'the file', ...others },
    ),
  );
  if ('read' in answer) return answer.read;
  throw new PostureFileError(answer.fault, answer.message);
}

async function asPostureFault<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof FileFault)) throw error;
    const fault = new PostureFileError(error.fault, error.message);
    fault.cause = error.cause;
    throw fault;
  }
}
