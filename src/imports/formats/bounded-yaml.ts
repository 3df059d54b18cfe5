import { parseDocument } from 'yaml';
import { PostureFileError } from '../observations/posture-file.error.js';
import { MAX_DEPTH, tooDeep, tooManyValues } from './bounded-json.js';

/** A file of every technique with years of score logs has some 2 MB. YAML is slow to parse, so it gets less room than the other formats. */
export const MAX_YAML_LENGTH = 8 * 1024 * 1024;

/** The most values that a file may hold, counted by its lines and commas; 10,000 techniques with a score log of ten entries have some 400,000. */
export const MAX_YAML_VALUES = 500_000;

/** How often aliases may stand for nodes in all, counted as what they expand to. */
const MAX_ALIASES = 1_000;

/**
 * Parses one YAML document (1.2, core schema: no tags that make anything but plain values) that nests no deeper than {@link MAX_DEPTH}.
 * @throws PostureFileError `too_large`, `too_many`, `not_yaml` naming line and column, `alias_bomb` or `too_deep`
 */
export function parseBoundedYaml(text: string): unknown {
  if (text.length > MAX_YAML_LENGTH) {
    throw new PostureFileError('too_large', `a YAML file must have at most ${MAX_YAML_LENGTH / 1024 / 1024} MiB`);
  }
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
    // The library throws this for aliases that expand without bound and for those that name no anchor.
    if (!(error instanceof ReferenceError)) throw error;
    throw error.message.startsWith('Excessive alias count')
      ? new PostureFileError('alias_bomb', `the file's aliases stand for more than ${MAX_ALIASES} nodes`)
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

/** The parser recurses: where a text nests so deep that its stack does not suffice, the text is at fault. */
function withoutOverflow<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (error instanceof RangeError) throw tooDeep();
    throw error;
  }
}

/** Walks level by level, without recursion. A node that several aliases share is looked at once a level. */
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
