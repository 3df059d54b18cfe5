import { Readable } from 'node:stream';
import { CsvError, parse } from 'csv-parse';
import { MAX_OBSERVATIONS, ProblemLog, shown, type ParsedFile } from '../observations/observation.js';
import { PostureFileError } from '../observations/posture-file.error.js';
import { readRecord, RECORD_FIELDS, type RecordKind } from './posture-record.js';
import type { UnknownRecord } from './unknown-record.js';

const DELIMITERS = [',', ';', '\t'];

/** What our own export says of a technique for people. It is passed over. */
const PASSED_OVER = ['name', 'domain', 'tactics'];

/** A record is a few short cells; what exceeds this has lost a quote. */
const MAX_RECORD_LENGTH = 64 * 1024;

/** A spreadsheet takes such a cell for a formula; whoever writes it puts an apostrophe before it (OWASP, CSV Injection), as our own export does. */
const ESCAPED_FORMULA = /^'[=+\-@\t\r]/;

interface CsvRow {
  record: string[];
  info: { lines: number };
}

/**
 * Reads CSV (RFC 4180) with a header line that names the fields, delimited by commas, semicolons or tabs, whichever the header has. An empty cell says nothing of
 * its field; the word `null` clears it. Tags stand in one cell, with commas between them. It reads as it goes: the text is never held as a whole.
 * @throws PostureFileError
 */
export async function parseCsvRecords(text: AsyncIterable<string>, kind: RecordKind, now: Date): Promise<ParsedFile> {
  const problems = new ProblemLog();
  const parsed: ParsedFile = { observations: [], problems, entryCount: 0, name: null, attackVersion: null };
  let fields: string[] | undefined;
  try {
    for await (const { record, info } of rowsOf(text)) {
      if (!fields) {
        fields = headerOf(record, kind);
        continue;
      }
      parsed.entryCount += 1;
      if (parsed.observations.length >= MAX_OBSERVATIONS) {
        throw new PostureFileError('too_many', `a file may hold at most ${MAX_OBSERVATIONS} entries`);
      }
      const at = `line ${info.lines}`;
      if (record.length !== fields.length) {
        problems.add(at, `must have ${fields.length} cells as the header has, not ${record.length}`);
        continue;
      }
      const observation = readRecord(recordOf(fields, record), at, kind, now, problems);
      if (observation) parsed.observations.push(observation);
    }
  } catch (error) {
    throw error instanceof CsvError ? brokenCsv(error) : error;
  }
  if (!fields) throw new PostureFileError('empty', 'the file is empty: its first line must name the fields');
  if (parsed.entryCount === 0) throw new PostureFileError('nothing_found', 'the file holds nothing but its header');
  return parsed;
}

async function* rowsOf(text: AsyncIterable<string>): AsyncGenerator<CsvRow> {
  const chunks = text[Symbol.asyncIterator]();
  const head = await headOf(chunks);
  if (/^\s*[{[]/.test(head)) throw new PostureFileError('wrong_format', 'the file looks like JSON, not like CSV');
  const parser = parse({
    bom: true,
    delimiter: delimiterOf(head),
    info: true,
    max_record_size: MAX_RECORD_LENGTH,
    relax_column_count: true,
    skip_empty_lines: true,
    trim: true,
  });
  const source = Readable.from(rest(head, chunks));
  source.once('error', (error) => parser.destroy(error));
  source.pipe(parser);
  try {
    yield* parser as AsyncIterable<CsvRow>;
  } finally {
    source.destroy();
  }
}

/** Enough of the text to know its first line. */
async function headOf(chunks: AsyncIterator<string>): Promise<string> {
  let head = '';
  for (let next = await chunks.next(); !next.done; next = await chunks.next()) {
    head += next.value;
    if (/[\r\n]/.test(head) || head.length > MAX_RECORD_LENGTH) break;
  }
  return head;
}

async function* rest(head: string, chunks: AsyncIterator<string>): AsyncGenerator<string> {
  if (head) yield head;
  for (let next = await chunks.next(); !next.done; next = await chunks.next()) if (next.value) yield next.value;
}

/** The delimiter that the first line has most of. The names of our fields hold none. */
function delimiterOf(head: string): string {
  const [line = ''] = head.replace(/^\s+/, '').split(/[\r\n]/, 1);
  const counts = DELIMITERS.map((delimiter) => line.split(delimiter).length);
  return DELIMITERS[counts.indexOf(Math.max(...counts))]!;
}

function headerOf(record: readonly string[], kind: RecordKind): string[] {
  const fields = record.map((name) => name.toLowerCase().replace(/[ -]/g, '_'));
  const known = RECORD_FIELDS[kind];
  const takes = `the fields are ${known.join(', ')}`;
  if (!fields.includes('attack_id')) {
    const named = shown(record.slice(0, 10).join(', '));
    throw new PostureFileError(
      'wrong_format',
      `the first line must name the fields, attack_id among them, not ${named}; ${takes}`,
    );
  }
  const unknown = fields.find((field) => !known.includes(field) && !PASSED_OVER.includes(field));
  if (unknown !== undefined) {
    throw new PostureFileError(
      'wrong_format',
      `the first line names ${shown(unknown)}, which is not known here; ${takes}`,
    );
  }
  const twice = fields.find((field, index) => fields.indexOf(field) !== index);
  if (twice !== undefined) throw new PostureFileError('wrong_format', `the first line names ${twice} twice`);
  return fields;
}

function recordOf(fields: readonly string[], cells: readonly string[]): UnknownRecord {
  const record: UnknownRecord = {};
  for (const [index, field] of fields.entries()) {
    const cell = cells[index]!;
    if (cell === '' || PASSED_OVER.includes(field)) continue;
    const text = ESCAPED_FORMULA.test(cell) ? cell.slice(1) : cell;
    record[field] = text === 'null' ? null : valueOf(field, text);
  }
  return record;
}

function valueOf(field: string, text: string): unknown {
  if (field === 'tags') return text.split(',').map((tag) => tag.trim());
  return field === 'risk_score' ? numberFrom(text) : text;
}

/** Text that is no number stays text, which the reader of the record refuses. */
function numberFrom(text: string): unknown {
  return /^-?\d{1,15}(\.\d{1,15})?$/.test(text) ? Number(text) : text;
}

function brokenCsv(error: CsvError): PostureFileError {
  const { lines } = error as { lines?: unknown };
  const where = typeof lines === 'number' ? ` near line ${lines}` : '';
  const what =
    error.code === 'CSV_MAX_RECORD_SIZE'
      ? `a record is longer than ${MAX_RECORD_LENGTH} characters`
      : 'a quote stands where none can';
  return new PostureFileError('broken_csv', `the file is not CSV${where}: ${what}`);
}
