import { tmpdir } from 'node:os';

/** Limits and places for reading bundles. */
export class ImportSettings {
  /** The largest bundle. MITRE's own has about 50 MB. */
  maxBytes = 256 * 1024 * 1024;
  /** The folder of an uploaded bundle while it is imported. */
  temporaryFolder = tmpdir();
  /** The compiled worker script that reads bundles; the one in `dist/` by default. */
  workerFile?: string;
}
