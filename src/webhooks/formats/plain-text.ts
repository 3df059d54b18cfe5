/** Marks a cut. One UTF-16 unit, and no markup of any receiver. */
export const ELLIPSIS = '…';

const LINE_BREAK = /\r\n?|[\u0085\u2028\u2029]/gu;
// Control characters, lone surrogates, the byte order mark and whatever turns the direction of writing.
const UNPRINTABLE = /(?!\n)[\p{Cc}\p{Cs}\u061C\u200E\u200F\u202A-\u202E\u2066-\u2069\uFEFF]/gu;
// Receivers refuse text that has nothing to see in it, and each knows other invisible characters.
const BLANK = /^[\s\u00AD\u115F\u1160\u180E\u200B-\u200D\u2060-\u2064\u2800\u3164\uFFA0]*$/u;

/**
 * Text as it may be shown anywhere: what cannot be printed, or makes other text read wrong (such as a right-to-left override), is replaced
 * by the replacement character, so that a reader sees that something was there.
 */
export function plainText(text: string): string {
  return text.replace(LINE_BREAK, '\n').replaceAll('\t', ' ').replace(UNPRINTABLE, '\uFFFD');
}

/** On one line, for titles and names. */
export function oneLine(text: string): string {
  return text.replace(/\s+/gu, ' ').trim();
}

export function isBlank(text: string): boolean {
  return BLANK.test(text);
}

/** How a receiver writes and measures text. */
export interface TextMeasure {
  /** The text as the receiver wants it, in pieces that must not be torn apart: an escape, or a pair of surrogates. */
  pieces(text: string): readonly string[];
  /** In the unit of the receiver's limit; at least 1 for each UTF-16 unit of the text that the piece stands for. */
  sizeOf(piece: string): number;
}

/**
 * Characters, counted as UTF-16 units. Receivers do not say whether they count those or code points; what keeps a limit in UTF-16 units
 * keeps it in code points too.
 */
export const CHARACTERS: TextMeasure = { pieces: (text) => [...text], sizeOf: (piece) => piece.length };

const PLAIN_ASCII = /^[ !#-[\]-~]*$/;

/** Bytes that the text takes inside a JSON string in UTF-8. */
export const JSON_BYTES: TextMeasure = {
  pieces: (text) => [...text],
  sizeOf: (piece) => (PLAIN_ASCII.test(piece) ? piece.length : Buffer.byteLength(JSON.stringify(piece)) - 2),
};

/** The text as the receiver wants it; what exceeds the limit is cut off between two pieces and an ellipsis put in its place. */
export function fitText(text: string, limit: number, measure: TextMeasure = CHARACTERS): string {
  const ellipsisSize = measure.sizeOf(ELLIPSIS);
  let size = 0;
  // Where to cut if it turns out too long: the longest beginning that leaves room for the ellipsis.
  let cutAt = 0;
  // What is surely past the limit need not be looked at: a text may be far longer than what anybody takes of it.
  const pieces = measure.pieces(text.slice(0, Math.max(0, limit) + 2));
  for (const [index, piece] of pieces.entries()) {
    size += measure.sizeOf(piece);
    if (size + ellipsisSize <= limit) cutAt = index + 1;
    if (size > limit) return limit < ellipsisSize ? '' : pieces.slice(0, cutAt).join('') + ELLIPSIS;
  }
  return pieces.join('');
}
