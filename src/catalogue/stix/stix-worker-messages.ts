import type { CatalogueSlice, ParseStixOptions } from './catalogue-slice.js';
import type { StixBundleFault } from './stix-bundle.error.js';

/** The task that the reader gives to its worker thread. */
export interface StixWorkerTask {
  file: string;
  options: ParseStixOptions;
}

/** The only message of the worker thread. Errors lose their class between threads, so their parts are sent. */
export type StixWorkerAnswer = { slice: CatalogueSlice } | { fault: StixBundleFault; message: string };
