import { rename, rm, writeFile } from 'node:fs/promises';
import type { CatalogueSlice } from '../stix/catalogue-slice.js';
import { readStixBundle, type ReadStixOptions } from '../stix/stix-reader.js';
import { writeFacts } from './attack-facts.js';

/**
 * Writes the facts-only table of a bundle. The file appears whole or not at all: a run that fails leaves an older one as it was.
 * @returns what was read, for the caller to sum up
 * @throws StixBundleError when the bundle cannot be used; DomainError when nobody told its ATT&CK release
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
