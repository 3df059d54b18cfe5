import { tmpdir } from 'node:os';

/** How bundles are taken in. */
export class ImportSettings {
  /** Size of the largest bundle: MITRE's own has about 50 MB. */
  maxBytes = 256 * 1024 * 1024;
  /** Where an uploaded bundle lies while it is imported. */
  temporaryFolder = tmpdir();
  /** The compiled worker script that reads bundles; the one in `dist/` when left out. */
  workerFile?: string;
}
