/** Where a text stops being JSON: it ends too early, or it is broken at a line and column (both from 1). */
export type JsonFault = { kind: 'truncated' } | { kind: 'broken'; line: number; column: number };

type Expected = 'value' | 'first-value' | 'key' | 'first-key' | 'colon' | 'next';

/** The end of the text cuts off the scalar. */
const CUT = -1;
/** The text at this place is not a scalar. */
const BROKEN = -2;

const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
const SCALAR_END = /[\s,\]}:]/g;

/**
 * Locates the fault in a text that `JSON.parse` refused. Its own messages give a position only for some faults and
 * differ between versions of Node. It does not recurse, so that a deeply nested text cannot exhaust the stack.
 */
export function locateJsonFault(text: string): JsonFault {
  const closers: string[] = [];
  let expected: Expected | 'end' = 'value';
  let at = skipSpace(text, 0);
  for (; at < text.length; at = skipSpace(text, at)) {
    const char = text.charAt(at);
    const top = closers.at(-1);
    const mayClose = expected === 'next' || expected === 'first-value' || expected === 'first-key';
    if (mayClose && char === top) {
      closers.pop();
      expected = closers.length > 0 ? 'next' : 'end';
      at += 1;
    } else if (expected === 'next' && char === ',') {
      expected = top === '}' ? 'key' : 'value';
      at += 1;
    } else if (expected === 'colon' && char === ':') {
      expected = 'value';
      at += 1;
    } else if ((expected === 'value' || expected === 'first-value') && (char === '{' || char === '[')) {
      closers.push(char === '{' ? '}' : ']');
      expected = char === '{' ? 'first-key' : 'first-value';
      at += 1;
    } else {
      const end: number = scalarEnd(text, at, expected);
      if (end === CUT) return { kind: 'truncated' };
      if (end === BROKEN) return placeOf(text, at);
      if (expected === 'key' || expected === 'first-key') expected = 'colon';
      else expected = closers.length > 0 ? 'next' : 'end';
      at = end;
    }
  }
  return { kind: 'truncated' };
}

function skipSpace(text: string, from: number): number {
  let at = from;
  while (at < text.length && ' \t\n\r'.includes(text.charAt(at))) at += 1;
  return at;
}

function scalarEnd(text: string, at: number, expected: Expected | 'end'): number {
  const isKey = expected === 'key' || expected === 'first-key';
  const isValue = expected === 'value' || expected === 'first-value';
  if (text.charAt(at) === '"') return isKey || isValue ? stringEnd(text, at) : BROKEN;
  if (!isValue) return BROKEN;
  SCALAR_END.lastIndex = at;
  const end = SCALAR_END.exec(text)?.index ?? text.length;
  const word = text.slice(at, Math.min(end, at + 400));
  NUMBER.lastIndex = 0;
  if (['true', 'false', 'null'].includes(word) || NUMBER.exec(word)?.[0] === word) return end;
  const isCut =
    end === text.length && (/^-?[\d.eE+-]*$/.test(word) || ['true', 'false', 'null'].some((w) => w.startsWith(word)));
  return isCut ? CUT : BROKEN;
}

function stringEnd(text: string, from: number): number {
  for (let at = from + 1; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code === 0x22) return at + 1;
    if (code < 0x20) return BROKEN;
    if (code !== 0x5c) continue;
    at += 1;
    if (at >= text.length) return CUT;
    if (!'"\\/bfnrtu'.includes(text.charAt(at))) return BROKEN;
    if (text.charAt(at) === 'u' && at + 4 < text.length && !/^[\da-fA-F]{4}$/.test(text.slice(at + 1, at + 5))) {
      return BROKEN;
    }
  }
  return CUT;
}

function placeOf(text: string, at: number): JsonFault {
  let line = 1;
  let lineStart = 0;
  for (let end = text.indexOf('\n'); end !== -1 && end < at; end = text.indexOf('\n', end + 1)) {
    line += 1;
    lineStart = end + 1;
  }
  return { kind: 'broken', line, column: at - lineStart + 1 };
}
