import { locateJsonFault } from '../../files/locate-json-fault.js';
import { PostureFileError } from '../observations/posture-file.error.js';

/** Our formats nest only a few levels deep. */
export const MAX_DEPTH = 64;

/**
 * The most values in a document: thirty for each entry that a file may have. Without a limit, parsing a small text
 * could take gigabytes.
 */
export const MAX_VALUES = 8_000_000;

/**
 * Parses a JSON document that nests no deeper than {@link MAX_DEPTH} and holds no more than {@link MAX_VALUES}.
 * @throws PostureFileError `truncated`, `not_json` naming line and column, `too_deep` or `too_many`
 */
export function parseBoundedJson(text: string): unknown {
  checkShape(text);
  try {
    return JSON.parse(text);
  } catch {
    const fault = locateJsonFault(text);
    if (fault.kind === 'truncated') {
      throw new PostureFileError('truncated', 'the file ends before its JSON document does: it is cut off, or empty');
    }
    throw new PostureFileError('not_json', `the file is not JSON: line ${fault.line}, column ${fault.column}`);
  }
}

/**
 * Counts brackets and commas before anything is built. The counts may be wrong for a text that is not JSON, which the
 * parser then refuses.
 */
function checkShape(text: string): void {
  let depth = 0;
  let values = 1;
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code === 0x22) {
      at = closingQuote(text, at);
      if (at === -1) return;
    } else if (code === 0x5b || code === 0x7b) {
      depth += 1;
      if (depth > MAX_DEPTH) throw tooDeep();
    } else if (code === 0x5d || code === 0x7d) {
      depth -= 1;
    } else if (code === 0x2c) {
      values += 1;
      if (values > MAX_VALUES) throw tooManyValues(MAX_VALUES);
    }
  }
}

function closingQuote(text: string, opening: number): number {
  for (let at = text.indexOf('"', opening + 1); at !== -1; at = text.indexOf('"', at + 1)) {
    let backslashes = 0;
    while (text.charCodeAt(at - 1 - backslashes) === 0x5c) backslashes += 1;
    if (backslashes % 2 === 0) return at;
  }
  return -1;
}

export function tooManyValues(max: number): PostureFileError {
  return new PostureFileError('too_many', `a file may hold at most ${max} values`);
}

export function tooDeep(): PostureFileError {
  return new PostureFileError('too_deep', `the file must not nest deeper than ${MAX_DEPTH} levels`);
}
