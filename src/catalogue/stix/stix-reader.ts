import path from 'node:path';
import { answerOfWorker, builtWorkerFile, checkFile, FileFault } from '../../files/file-reader.js';
import type { CatalogueSlice, ParseStixOptions } from './catalogue-slice.js';
import { StixBundleError } from './stix-bundle.error.js';
import type { StixWorkerAnswer, StixWorkerTask } from './stix-worker-messages.js';

export interface ReadStixOptions extends ParseStixOptions {
  /** The largest file that is read; 256 MiB by default. MITRE's largest bundle has about 50 MB. */
  maxBytes?: number;
  /** 60,000 by default. MITRE's largest bundle takes about one second. */
  timeoutMs?: number;
  /** The compiled worker script; the one in `dist/` by default. */
  workerFile?: string;
}

const DEFAULT_MAX_BYTES = 256 * 1024 * 1024;
const DEFAULT_TIMEOUT_MS = 60_000;

/**
 * Reads a bundle file in a worker thread.
 * @throws StixBundleError if the file or its bundle cannot be used. The message does not name the file.
 */
export async function readStixBundle(file: string, options: ReadStixOptions = {}): Promise<CatalogueSlice> {
  const {
    maxBytes = DEFAULT_MAX_BYTES,
    timeoutMs = DEFAULT_TIMEOUT_MS,
    workerFile = builtWorkerFile('catalogue/stix/stix-worker.js'),
    ...parseOptions
  } = options;
  const task: StixWorkerTask = { file: path.resolve(file), options: parseOptions };
  const answer = await withStixFaults(async () => {
    await checkFile(file, maxBytes, 'a STIX bundle is a JSON document');
    return answerOfWorker<StixWorkerAnswer>(task, { workerFile, timeoutMs, what: 'the bundle' });
  });
  if ('slice' in answer) return answer.slice;
  throw new StixBundleError(answer.fault, answer.message);
}

async function withStixFaults<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof FileFault)) throw error;
    const fault = new StixBundleError(error.fault, error.message);
    fault.cause = error.cause;
    throw fault;
  }
}
