import { parseDocument } from 'yaml';
import { PostureFileError } from '../observations/posture-file.error.js';
import { MAX_DEPTH, tooDeep, tooManyValues } from './bounded-json.js';

/**
 * The most values that a file may hold, counted by its lines and commas. 10,000 techniques with ten log entries each
 * have about 400,000.
 */
const MAX_YAML_VALUES = 500_000;

/** The most nodes that all aliases together may expand to. */
const MAX_ALIASES = 1_000;

/**
 * Parses one YAML document that nests no deeper than {@link MAX_DEPTH}. It is YAML 1.2 with the core schema, whose tags
 * make plain values only.
 * @throws PostureFileError `too_many`, `not_yaml` naming line and column, `alias_bomb` or `too_deep`
 */
export function parseBoundedYaml(text: string): unknown {
  checkSize(text);
  const value = withoutOverflow(() => {
    const document = parseDocument(text, { schema: 'core', customTags: [], logLevel: 'silent', prettyErrors: true });
    const [error] = document.errors;
    if (error) throw error.code === 'RESOURCE_EXHAUSTION' ? tooDeep() : notYaml(error);
    return toValue(document);
  });
  checkDepth(value);
  return value;
}

function checkSize(text: string): void {
  let values = 0;
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code === 0x0a || code === 0x2c) values += 1;
    if (values > MAX_YAML_VALUES) throw tooManyValues(MAX_YAML_VALUES);
  }
}

function toValue(document: ReturnType<typeof parseDocument>): unknown {
  try {
    return document.toJS({ maxAliasCount: MAX_ALIASES }) as unknown;
  } catch (error) {
    // The library throws this for aliases that expand without bound, and for aliases of an unknown anchor.
    if (!(error instanceof ReferenceError)) throw error;
    throw error.message.startsWith('Excessive alias count')
      ? new PostureFileError('alias_bomb', `the file's aliases expand to more than ${MAX_ALIASES} nodes`)
      : new PostureFileError('not_yaml', 'the file is not YAML: an alias names an anchor that is not there');
  }
}

function notYaml({
  linePos,
  message,
}: {
  linePos?: [{ line: number; col: number }, ...unknown[]];
  message: string;
}): Error {
  const [place] = linePos ?? [];
  const what = message.split(/ at line |\n/, 1)[0]!.slice(0, 100);
  return new PostureFileError(
    'not_yaml',
    `the file is not YAML${place ? `: line ${place.line}, column ${place.col}` : ''}: ${what}`,
  );
}

/** The parser recurses, so that a deeply nested text exhausts the stack. That is a fault of the text. */
function withoutOverflow<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (error instanceof RangeError) throw tooDeep();
    throw error;
  }
}

/** Walks level by level, without recursion. It visits a node that several aliases share once per level. */
function checkDepth(root: unknown): void {
  let level = new Set<unknown>([root]);
  for (let depth = 0; level.size > 0; depth += 1) {
    if (depth > MAX_DEPTH) throw tooDeep();
    const next = new Set<unknown>();
    for (const value of level) {
      if (typeof value !== 'object' || value === null) continue;
      for (const child of Object.values(value)) if (typeof child === 'object' && child !== null) next.add(child);
    }
    level = next;
  }
}
