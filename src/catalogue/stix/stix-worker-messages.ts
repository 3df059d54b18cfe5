import type { CatalogueSlice, ParseStixOptions } from './catalogue-slice.js';
import type { StixBundleFault } from './stix-bundle.error.js';

/** What the reader hands to its worker thread. */
export interface StixWorkerTask {
  file: string;
  options: ParseStixOptions;
}

/** The one message that the worker thread answers with; errors lose their class between threads, so theirs is sent in parts. */
export type StixWorkerAnswer = { slice: CatalogueSlice } | { fault: StixBundleFault; message: string };
