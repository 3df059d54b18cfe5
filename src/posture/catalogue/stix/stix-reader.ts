import { stat } from 'node:fs/promises';
import path from 'node:path';
import { Worker } from 'node:worker_threads';
import { packageRoot } from '../../../common/package-root.js';
import type { CatalogueSlice, ParseStixOptions } from './catalogue-slice.js';
import { StixBundleError } from './stix-bundle.error.js';
import type { StixWorkerAnswer, StixWorkerTask } from './stix-worker-messages.js';

export interface ReadStixOptions extends ParseStixOptions {
  /** Size of the largest file that is read; 256 MiB by default. MITRE's largest bundle is about 50 MB. */
  maxBytes?: number;
  /** 60,000 by default. MITRE's largest bundle takes about one second. */
  timeoutMs?: number;
  /** The compiled worker script; the one in `dist/` by default. */
  workerFile?: string;
}

const DEFAULT_MAX_BYTES = 256 * 1024 * 1024;
const DEFAULT_TIMEOUT_MS = 60_000;
const WORKER_HEAP_MB = 2048;
const MEBIBYTE = 1024 * 1024;

/**
 * Reads a bundle file in a worker thread, so that parsing tens of megabytes stalls neither requests nor the schedule, and its memory is given back at once.
 * @throws StixBundleError when the file or the bundle in it cannot be used; its message does not name the file
 */
export async function readStixBundle(file: string, options: ReadStixOptions = {}): Promise<CatalogueSlice> {
  const {
    maxBytes = DEFAULT_MAX_BYTES,
    timeoutMs = DEFAULT_TIMEOUT_MS,
    workerFile = builtWorkerFile(),
    ...parseOptions
  } = options;
  await checkFile(file, maxBytes);
  return answerOf({ file: path.resolve(file), options: parseOptions }, workerFile, timeoutMs);
}

async function checkFile(file: string, maxBytes: number): Promise<void> {
  const stats = await stat(file).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT' || error.code === 'ENOTDIR')
      throw new StixBundleError('file_missing', 'there is no such file');
    throw new StixBundleError('file_unreadable', `the file cannot be read (${error.code})`);
  });
  if (!stats.isFile())
    throw new StixBundleError(
      'not_a_file',
      `it is ${stats.isDirectory() ? 'a folder' : 'not a regular file'}: give the bundle's file`,
    );
  if (stats.size === 0) throw new StixBundleError('empty', 'the file is empty: a STIX bundle is a JSON document');
  if (stats.size > maxBytes) {
    throw new StixBundleError(
      'too_large',
      `the file has ${inMebibytes(stats.size)} MiB, more than the ${inMebibytes(maxBytes)} MiB that are read`,
    );
  }
}

function answerOf(task: StixWorkerTask, workerFile: string, timeoutMs: number): Promise<CatalogueSlice> {
  return new Promise((resolve, reject) => {
    // No environment and no flags of the process are handed on: the thread needs none, and the environment holds secrets.
    const worker = new Worker(workerFile, {
      workerData: task,
      env: {},
      execArgv: [],
      resourceLimits: { maxOldGenerationSizeMb: WORKER_HEAP_MB },
    });
    const timer = setTimeout(() => {
      reject(new StixBundleError('timeout', `reading the bundle took longer than ${timeoutMs / 1000} seconds`));
      void worker.terminate();
    }, timeoutMs);
    worker.once('message', (answer: StixWorkerAnswer) => {
      if ('slice' in answer) resolve(answer.slice);
      else reject(new StixBundleError(answer.fault, answer.message));
    });
    worker.once('error', (error: NodeJS.ErrnoException) => reject(workerError(error)));
    // After an answer or an error this rejection has no effect.
    worker.once('exit', (code) => {
      clearTimeout(timer);
      reject(new StixBundleError('reader_failed', `the reader stopped without an answer (exit code ${code})`));
    });
  });
}

function workerError(error: NodeJS.ErrnoException): StixBundleError {
  if (error.code === 'ERR_WORKER_OUT_OF_MEMORY') {
    return new StixBundleError(
      'too_large',
      `the bundle needs more than the ${WORKER_HEAP_MB} MiB of memory that its reader may use`,
    );
  }
  const failed = new StixBundleError('reader_failed', 'the reader of the bundle failed');
  // What happened is for the log: it may name files of this installation.
  failed.cause = error;
  return failed;
}

/** Node cannot run TypeScript in a thread, so this is the built script even where the rest runs from the sources. */
function builtWorkerFile(): string {
  return path.join(packageRoot(), 'dist/src/posture/catalogue/stix/stix-worker.js');
}

function inMebibytes(bytes: number): string {
  return String(Math.ceil((bytes / MEBIBYTE) * 10) / 10);
}
