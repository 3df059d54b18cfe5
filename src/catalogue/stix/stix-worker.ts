import { readFile } from 'node:fs/promises';
import { parentPort, workerData } from 'node:worker_threads';
import { decodeBundle } from './decode-bundle.js';
import { parseStixBundle } from './parse-stix-bundle.js';
import { StixBundleError } from './stix-bundle.error.js';
import type { StixWorkerAnswer, StixWorkerTask } from './stix-worker-messages.js';

/** Everything large (the bytes, the text, the parsed objects) stays in this thread; only the slice leaves it. */
async function read(task: StixWorkerTask): Promise<StixWorkerAnswer> {
  try {
    return { slice: parseStixBundle(decodeBundle(await bytesOf(task.file)), task.options) };
  } catch (error) {
    if (error instanceof StixBundleError) return { fault: error.fault, message: error.message };
    throw error;
  }
}

async function bytesOf(file: string): Promise<Uint8Array> {
  return readFile(file).catch((error: NodeJS.ErrnoException) => {
    throw new StixBundleError('file_unreadable', `the file cannot be read (${error.code})`);
  });
}

parentPort?.postMessage(await read(workerData as StixWorkerTask));
