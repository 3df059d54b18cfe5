import type { ParsedFile, PostureFileFormat } from '../observations/observation.js';
import { parseCsvRecords } from './csv-records.js';
import { parseDettectAdministration } from './dettect-administration.js';
import { parseJsonRecords } from './json-records.js';
import { parseNavigatorLayer } from './navigator-layer.js';
import type { RecordKind } from './posture-record.js';

export interface FormatContext {
  /** What the records of a CSV or JSON file say. */
  recordKind: RecordKind;
  now: Date;
}

/**
 * Reads the text of a file in its format.
 * @throws PostureFileError when the file is unusable as a whole
 */
export async function readFormat(
  text: AsyncIterable<string>,
  format: PostureFileFormat,
  { recordKind, now }: FormatContext,
): Promise<ParsedFile> {
  switch (format) {
    case 'csv':
      return parseCsvRecords(text, recordKind, now);
    case 'json':
      return parseJsonRecords(await wholeOf(text), recordKind, now);
    case 'navigator':
      return parseNavigatorLayer(await wholeOf(text));
    case 'dettect':
      return parseDettectAdministration(await wholeOf(text), now);
  }
}

async function wholeOf(text: AsyncIterable<string>): Promise<string> {
  const chunks: string[] = [];
  for await (const chunk of text) chunks.push(chunk);
  return chunks.join('');
}
