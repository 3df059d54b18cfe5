import type { PostureFileFormatName } from '../formats/index.js';
import type { ImportProblem } from '../observations/observation.js';
import type { PostureFileFault } from '../observations/posture-file.error.js';
import type { PresetName } from '../presets/index.js';
import type { OptionValues } from '../presets/preset-options.js';
import type { Proposal } from '../presets/preset.js';

/** The task that the reader gives to its worker thread. */
export interface PostureFileTask {
  file: string;
  format: PostureFileFormatName;
  preset: PresetName;
  options: OptionValues;
  now: Date;
}

/** What was read from a file, and what the preset proposes. */
export interface ReadPostureFile {
  proposals: Proposal[];
  /** See {@link Proposals.silent}. */
  silent: number;
  problems: { count: number; listed: ImportProblem[] };
  /** See {@link Proposals.hints}. Absent in previews that were stored before there were hints. */
  hints?: string[];
  entryCount: number;
  name: string | null;
  attackVersion: string | null;
}

/**
 * The last message of the worker thread, after any number of `{bytesRead}`. Errors lose their class between threads, so
 * their parts are sent.
 */
export type PostureFileAnswer = { read: ReadPostureFile } | { fault: PostureFileFault; message: string };
