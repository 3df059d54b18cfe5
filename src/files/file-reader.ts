import { stat } from 'node:fs/promises';
import path from 'node:path';
import { Worker } from 'node:worker_threads';
import { packageRoot } from '../common/package-root.js';

/** Why a file of any format cannot be read. */
export type FileFaultCode =
  | 'file_missing'
  | 'not_a_file'
  | 'file_unreadable'
  | 'empty'
  | 'too_large'
  | 'timeout'
  | 'interrupted'
  | 'reader_failed';

/** A file that could not be read. The message names no path. The cause may name one, and is for the log only. */
export class FileFault extends Error {
  constructor(
    readonly fault: FileFaultCode,
    message: string,
    cause?: Error,
  ) {
    super(message, { cause });
    this.name = 'FileFault';
  }
}

export interface WorkerOptions {
  /** The compiled worker script. */
  workerFile: string;
  timeoutMs: number;
  /** The name of the content in errors, such as `the bundle`. */
  what: string;
  /** Stops the reading. */
  signal?: AbortSignal;
  /** Called for each message `{bytesRead}`. Any other message is the answer. */
  onProgress?: (bytesRead: number) => void;
}

const WORKER_HEAP_MB = 2048;
const MEBIBYTE = 1024 * 1024;

/**
 * The path of a built worker script. Node cannot run TypeScript in a thread, so threads use the build even if the
 * application runs from the sources.
 * @param script below `src/`, such as `catalogue/stix/stix-worker.js`.
 */
export function builtWorkerFile(script: string): string {
  return path.join(packageRoot(), 'dist/src', script);
}

/**
 * Checks that a file can be read, and returns its size.
 * @param expected ends the error for an empty file, such as `a STIX bundle is a JSON document`.
 * @throws FileFault
 */
export async function checkFile(file: string, maxBytes: number, expected: string): Promise<number> {
  const stats = await stat(file).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT' || error.code === 'ENOTDIR') {
      throw new FileFault('file_missing', 'there is no such file');
    }
    throw new FileFault('file_unreadable', `the file cannot be read (${error.code})`);
  });
  if (!stats.isFile()) {
    throw new FileFault('not_a_file', `it is ${stats.isDirectory() ? 'a folder' : 'not a regular file'}: give a file`);
  }
  if (stats.size === 0) throw new FileFault('empty', `the file is empty: ${expected}`);
  if (stats.size > maxBytes) {
    throw new FileFault(
      'too_large',
      `the file has ${inMebibytes(stats.size)} MiB, more than the ${inMebibytes(maxBytes)} MiB that are read`,
    );
  }
  return stats.size;
}

/**
 * Runs a worker script on a task, so that parsing tens of megabytes does not block requests or schedules, and its
 * memory is freed at once.
 * @returns the answer of the script.
 * @throws FileFault if the script gives no answer.
 */
export function answerOfWorker<Answer>(task: object, options: WorkerOptions): Promise<Answer> {
  const { workerFile, timeoutMs, what, signal, onProgress } = options;
  return new Promise((resolve, reject) => {
    // The thread gets no environment and no flags: it needs none, and the environment holds secrets.
    const worker = new Worker(workerFile, {
      workerData: task,
      env: {},
      execArgv: [],
      resourceLimits: { maxOldGenerationSizeMb: WORKER_HEAP_MB },
    });
    const giveUp = (fault: FileFault): void => {
      reject(fault);
      void worker.terminate();
    };
    const interrupt = (): void => giveUp(new FileFault('interrupted', 'reading the file was interrupted'));
    const timer = setTimeout(
      () => giveUp(new FileFault('timeout', `reading ${what} took longer than ${timeoutMs / 1000} seconds`)),
      timeoutMs,
    );
    signal?.addEventListener('abort', interrupt);
    if (signal?.aborted) interrupt();
    worker.on('message', (message: Answer | { bytesRead: number }) => {
      if (isProgress(message)) onProgress?.(message.bytesRead);
      else resolve(message);
    });
    worker.once('error', (error: NodeJS.ErrnoException) => reject(workerFault(error, what)));
    // After an answer or an error this rejection has no effect.
    worker.once('exit', (code) => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', interrupt);
      reject(new FileFault('reader_failed', `the reader stopped without an answer (exit code ${code})`));
    });
  });
}

function isProgress(message: unknown): message is { bytesRead: number } {
  return typeof message === 'object' && message !== null && 'bytesRead' in message;
}

function workerFault(error: NodeJS.ErrnoException, what: string): FileFault {
  if (error.code === 'ERR_WORKER_OUT_OF_MEMORY') {
    return new FileFault(
      'too_large',
      `${what} needs more than the ${WORKER_HEAP_MB} MiB of memory that its reader may use`,
    );
  }
  return new FileFault('reader_failed', `the reader of ${what} failed`, error);
}

function inMebibytes(bytes: number): string {
  return String(Math.ceil((bytes / MEBIBYTE) * 10) / 10);
}
