import { Readable } from 'node:stream';
import { CsvError, parse } from 'csv-parse';
import { MAX_OBSERVATIONS, ProblemLog, shown, type ParsedFile } from '../observations/observation.js';
import { PostureFileError } from '../observations/posture-file.error.js';
import type { PostureFileFormat } from './posture-file-format.js';
import { readRecord, RECORD_FIELDS, RECORD_KINDS, type RecordKind } from './posture-record.js';
import type { UnknownRecord } from './unknown-record.js';

const DELIMITERS = [',', ';', '\t'];

/** Fields that our own export adds for people. An import ignores them. */
const IGNORED_FIELDS = ['name', 'domain', 'tactics'];

/** A record is a few short cells, so that a longer one must have an unclosed quote. */
const MAX_RECORD_LENGTH = 64 * 1024;

/** The first line that Excel writes and reads to name the delimiter. It holds no fields. */
const DELIMITER_LINE = /^\s*"?sep=([^\p{L}\p{N} "\r\n])"?[^\S\r\n]*(?:\r\n|\r|\n|$)/iu;

/**
 * Exports, ours too, put an apostrophe before a cell that a spreadsheet would run as a formula (OWASP, CSV Injection).
 */
const ESCAPED_FORMULA = /^'[=+\-@\t\r]/;

interface CsvRow {
  record: string[];
  info: { lines: number };
}

export const csvFormat = {
  name: 'csv',
  command: 'csv',
  description: 'a CSV file whose first line names the fields',
  fileEndings: ['.csv', '.tsv'],
  contents: RECORD_KINDS,
  recognises: (head) => /^[^{[]*\battack[ _-]id\b/i.test(headerLineOf(head)),
  parse: (text, { content, now }) => parseCsvRecords(text, content, now),
} as const satisfies PostureFileFormat<RecordKind>;

/**
 * Reads CSV (RFC 4180). Its header line names the fields and shows the delimiter: commas, semicolons or tabs. A line
 * `sep=;` before it names any other. An empty cell leaves its field as it is, and the word `null` clears it. One cell
 * holds all tags, with commas between them. Lines without a value, and columns without a name and a value, are left
 * out: spreadsheets write them. The text is read piece by piece and never held as a whole.
 * @throws PostureFileError
 */
export async function parseCsvRecords(text: AsyncIterable<string>, kind: RecordKind, now: Date): Promise<ParsedFile> {
  const problems = new ProblemLog();
  const parsed: ParsedFile = { observations: [], problems, entryCount: 0, name: null, attackVersion: null };
  let fields: string[] | undefined;
  try {
    for await (const { record, info } of rowsOf(text)) {
      if (record.every((cell) => cell === '')) continue;
      if (!fields) {
        fields = headerOf(withoutEmptyEnd(record, 0), kind);
        continue;
      }
      parsed.entryCount += 1;
      if (parsed.entryCount > MAX_OBSERVATIONS) {
        throw new PostureFileError('too_many', `a file may hold at most ${MAX_OBSERVATIONS} entries`);
      }
      const at = `line ${info.lines}`;
      const cells = withoutEmptyEnd(record, fields.length);
      const fault = faultOf(cells, fields);
      if (fault !== undefined) {
        problems.countUnreadable(cells[fields.indexOf('attack_id')], null);
        problems.add(at, fault);
        continue;
      }
      const observation = readRecord(recordOf(fields, cells), at, kind, now, problems);
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
  let isDelimiterLine = DELIMITER_LINE.test(head);
  try {
    for await (const row of parser as AsyncIterable<CsvRow>) {
      if (!isDelimiterLine) yield row;
      isDelimiterLine = false;
    }
  } finally {
    source.destroy();
  }
}

/** The start of the text, up to the end of its header line or further. */
async function headOf(chunks: AsyncIterator<string>): Promise<string> {
  let head = '';
  for (let next = await chunks.next(); !next.done; next = await chunks.next()) {
    head += next.value;
    if (/[\r\n]/.test(withoutDelimiterLine(head)) || head.length > MAX_RECORD_LENGTH) break;
  }
  return head;
}

async function* rest(head: string, chunks: AsyncIterator<string>): AsyncGenerator<string> {
  if (head) yield head;
  for (let next = await chunks.next(); !next.done; next = await chunks.next()) if (next.value) yield next.value;
}

/** The delimiter that is named, or the most frequent one in the header line. No name of a field contains one. */
function delimiterOf(head: string): string {
  const named = DELIMITER_LINE.exec(head)?.[1];
  if (named !== undefined) return named;
  const line = headerLineOf(head);
  const counts = DELIMITERS.map((delimiter) => line.split(delimiter).length);
  return DELIMITERS[counts.indexOf(Math.max(...counts))]!;
}

function headerLineOf(head: string): string {
  return withoutDelimiterLine(head)
    .trimStart()
    .split(/[\r\n]/, 1)[0]!;
}

function withoutDelimiterLine(head: string): string {
  return head.replace(DELIMITER_LINE, '').replace(/^[\r\n]+/, '');
}

/** The cells without the empty ones at the end, but at least `length`. */
function withoutEmptyEnd(cells: readonly string[], length: number): readonly string[] {
  const end = cells.findLastIndex((cell) => cell !== '') + 1;
  return cells.slice(0, Math.max(end, length));
}

function faultOf(cells: readonly string[], fields: readonly string[]): string | undefined {
  if (cells.length !== fields.length) {
    return `must have ${fields.length} cells as the header has, not ${cells.length}`;
  }
  const unnamed = fields.findIndex((field, index) => field === '' && cells[index] !== '');
  return unnamed < 0 ? undefined : `must have no value in column ${unnamed + 1}, which the header does not name`;
}

function headerOf(record: readonly string[], kind: RecordKind): string[] {
  const fields = record.map((name) => name.toLowerCase().replace(/[ -]/g, '_'));
  const known = RECORD_FIELDS[kind];
  const knownFields = `the fields are ${known.join(', ')}`;
  if (!fields.includes('attack_id')) {
    const named = shown(record.slice(0, 10).join(', '));
    throw new PostureFileError(
      'wrong_format',
      `the first line must name the fields, attack_id among them, not ${named}; ${knownFields}`,
    );
  }
  const unknown = fields.find((field) => field !== '' && !known.includes(field) && !IGNORED_FIELDS.includes(field));
  if (unknown !== undefined) {
    throw new PostureFileError(
      'wrong_format',
      `the first line names ${shown(unknown)}, which is not known here; ${knownFields}`,
    );
  }
  const twice = fields.find((field, index) => field !== '' && fields.indexOf(field) !== index);
  if (twice !== undefined) throw new PostureFileError('wrong_format', `the first line names ${twice} twice`);
  return fields;
}

function recordOf(fields: readonly string[], cells: readonly string[]): UnknownRecord {
  const record: UnknownRecord = {};
  for (const [index, field] of fields.entries()) {
    const cell = cells[index]!;
    if (cell === '' || IGNORED_FIELDS.includes(field)) continue;
    const text = ESCAPED_FORMULA.test(cell) ? cell.slice(1) : cell;
    record[field] = text === 'null' ? null : valueOf(field, text);
  }
  return record;
}

function valueOf(field: string, text: string): unknown {
  if (field === 'tags') return text.split(',').map((tag) => tag.trim());
  return field === 'risk_score' ? numberFrom(text) : text;
}

/** Text that is not a number stays text, and the reader of the record refuses it. */
function numberFrom(text: string): unknown {
  return /^-?\d{1,15}(\.\d{1,15})?$/.test(text) ? Number(text) : text;
}

function brokenCsv(error: CsvError): PostureFileError {
  const { lines } = error as { lines?: unknown };
  const where = typeof lines === 'number' ? ` near line ${lines}` : '';
  const what =
    error.code === 'CSV_MAX_RECORD_SIZE'
      ? `a record is longer than ${MAX_RECORD_LENGTH} characters`
      : 'a quote is where no quote is allowed';
  return new PostureFileError('broken_csv', `the file is not CSV${where}: ${what}`);
}
