import { tmpdir } from 'node:os';

/** How files of posture are taken in. */
export class PostureImportSettings {
  /** Size of the largest file. */
  maxBytes = 256 * 1024 * 1024;
  /** A file from this size on is read after the answer, which tells where to look for the outcome. */
  backgroundFromBytes = 8 * 1024 * 1024;
  /** Longest time that a file is read for. */
  timeoutMs = 120_000;
  /** Where an uploaded file lies while it is read. */
  temporaryFolder = tmpdir();
  /** The compiled worker script that reads files; the one in `dist/` when left out. */
  workerFile?: string;
}
