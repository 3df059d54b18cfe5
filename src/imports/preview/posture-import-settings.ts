import { tmpdir } from 'node:os';

/** Limits and places for reading files of posture. */
export class PostureImportSettings {
  /** Size of the largest file. */
  maxBytes = 256 * 1024 * 1024;
  /** A file of this size or more is read in the background, after the answer. */
  backgroundFromBytes = 8 * 1024 * 1024;
  /** The longest time for reading a file. */
  timeoutMs = 120_000;
  /** The folder of an uploaded file while it is read. */
  temporaryFolder = tmpdir();
  /** The compiled worker script that reads files; the one in `dist/` by default. */
  workerFile?: string;
}
