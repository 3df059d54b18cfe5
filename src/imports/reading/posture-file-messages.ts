import type { ImportProblem, PostureFileFormat } from '../observations/observation.js';
import type { PostureFileFault } from '../observations/posture-file.error.js';
import type { OptionValues } from '../presets/preset-options.js';
import type { PresetName, Proposal } from '../presets/preset.js';

/** What the reader hands to its worker thread. */
export interface PostureFileTask {
  file: string;
  format: PostureFileFormat;
  preset: PresetName;
  options: OptionValues;
  now: Date;
}

/** A file as it was read, and what its preset proposes. */
export interface ReadPostureFile {
  proposals: Proposal[];
  /** See {@link Proposals.silent}. */
  silent: number;
  problems: { count: number; listed: ImportProblem[] };
  entryCount: number;
  name: string | null;
  attackVersion: string | null;
}

/** The last message of the worker thread, after any number of `{bytesRead}`; errors lose their class between threads, so theirs is sent in parts. */
export type PostureFileAnswer = { read: ReadPostureFile } | { fault: PostureFileFault; message: string };
