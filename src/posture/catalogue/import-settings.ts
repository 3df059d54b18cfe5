/** How bundles are taken in. */
export class ImportSettings {
  /** Size of the largest bundle: MITRE's own has about 50 MB. */
  maxBytes = 256 * 1024 * 1024;
  /** The compiled worker script that reads bundles; the one in `dist/` when left out. */
  workerFile?: string;
}
