import { rename, rm, writeFile } from 'node:fs/promises';
import type { CatalogueSlice } from '../stix/catalogue-slice.js';
import { readStixBundle, type ReadStixOptions } from '../stix/stix-reader.js';
import { writeFacts } from './attack-facts.js';

/**
 * Writes the facts-only table of a bundle. It replaces the file only when the table is complete.
 * @returns the slice that was read from the bundle
 * @throws StixBundleError if the bundle cannot be used; DomainError if its ATT&CK release is unknown
 */
export async function buildFactsFile(
  bundleFile: string,
  outFile: string,
  options: ReadStixOptions = {},
): Promise<CatalogueSlice> {
  const slice = await readStixBundle(bundleFile, options);
  const text = writeFacts(slice);
  const unfinished = `${outFile}.${process.pid}.part`;
  try {
    await writeFile(unfinished, text);
    await rename(unfinished, outFile);
  } catch (error) {
    await rm(unfinished, { force: true });
    throw error;
  }
  return slice;
}
