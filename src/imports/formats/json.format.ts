import { MAX_OBSERVATIONS, ProblemLog, type ParsedFile } from '../observations/observation.js';
import { PostureFileError } from '../observations/posture-file.error.js';
import { parseBoundedJson } from './bounded-json.js';
import type { PostureFileFormat } from './posture-file-format.js';
import { readRecord, RECORD_KINDS, type RecordKind } from './posture-record.js';
import { isRecord } from './unknown-record.js';
import { wholeText } from './whole-text.js';

export const jsonFormat = {
  name: 'json',
  command: 'posture',
  description: 'the JSON of PUT /posture',
  fileEndings: ['.json'],
  contents: RECORD_KINDS,
  recognises: (head) => /^\s*\{\s*"items"\s*:/.test(head),
  parse: async (text, { content, now }) => parseJsonRecords(await wholeText(text), content, now),
} as const satisfies PostureFileFormat<RecordKind>;

/**
 * Reads `{"items": [...]}`: the body of `PUT /posture`, or the same with results of tests as items. Pure.
 * @throws PostureFileError
 */
export function parseJsonRecords(text: string, kind: RecordKind, now: Date): ParsedFile {
  const document = parseBoundedJson(text);
  if (!isRecord(document) || !Array.isArray(document.items)) {
    throw new PostureFileError('wrong_format', 'the file must be a JSON object with a list of items: {"items": [...]}');
  }
  const items: unknown[] = document.items;
  if (items.length === 0) throw new PostureFileError('nothing_found', 'the file holds no items');
  if (items.length > MAX_OBSERVATIONS) {
    throw new PostureFileError('too_many', `a file may hold at most ${MAX_OBSERVATIONS} entries`);
  }
  const problems = new ProblemLog();
  const observations = items.flatMap((item, index) => {
    const observation = readRecord(item, `items[${index}]`, kind, now, problems);
    return observation ? [observation] : [];
  });
  return { observations, problems, entryCount: items.length, name: null, attackVersion: null };
}
