/** Marks a cut. One UTF-16 unit, and no markup for any receiver. */
export const ELLIPSIS = '…';

const LINE_BREAK = /\r\n?|[\u0085\u2028\u2029]/gu;
// Control characters, lone surrogates, the byte order mark, and characters that change the direction of writing.
const UNPRINTABLE = /(?!\n)[\p{Cc}\p{Cs}\u061C\u200E\u200F\u202A-\u202E\u2066-\u2069\uFEFF]/gu;
// Receivers reject text without visible characters, and each knows other invisible characters.
const BLANK = /^[\s\u00AD\u115F\u1160\u180E\u200B-\u200D\u2060-\u2064\u2800\u3164\uFFA0]*$/u;

/**
 * Text that is safe to show anywhere. Unprintable characters, and those that change the reading direction, become the
 * replacement character, so that a reader sees that something was there.
 */
export function plainText(text: string): string {
  return text.replace(LINE_BREAK, '\n').replaceAll('\t', ' ').replace(UNPRINTABLE, '\uFFFD');
}

/** Joins lines, for titles and names. */
export function oneLine(text: string): string {
  return text.replace(/\s+/gu, ' ').trim();
}

export function isBlank(text: string): boolean {
  return BLANK.test(text);
}

/** How a receiver escapes and measures text. */
export interface TextMeasure {
  /** The escaped text in pieces that must not be split: an escape, or a pair of surrogates. */
  pieces(text: string): readonly string[];
  /** In the unit of the receiver's limit; at least 1 for each UTF-16 unit of the original text of the piece. */
  sizeOf(piece: string): number;
}

/**
 * Counts UTF-16 units. Receivers do not say whether they count these or code points; a text shortenedKey a limit of
 * UTF-16 units is also shortenedKey the same limit of code points.
 */
export const CHARACTERS: TextMeasure = { pieces: (text) => [...text], sizeOf: (piece) => piece.length };

const PLAIN_ASCII = /^[ !#-[\]-~]*$/;

/** Counts the bytes of the text inside a JSON string in UTF-8. */
export const JSON_BYTES: TextMeasure = {
  pieces: (text) => [...text],
  sizeOf: (piece) => (PLAIN_ASCII.test(piece) ? piece.length : Buffer.byteLength(JSON.stringify(piece)) - 2),
};

/** The escaped text. If it exceeds the limit, it is cut between two pieces and ends with an ellipsis. */
export function fitText(text: string, limit: number, measure: TextMeasure = CHARACTERS): string {
  const ellipsisSize = measure.sizeOf(ELLIPSIS);
  let size = 0;
  // Where to cut if the text is too long: the longest beginning that leaves room for the ellipsis.
  let cutAt = 0;
  // Later text is surely past the limit, and may be very long.
  const pieces = measure.pieces(text.slice(0, Math.max(0, limit) + 2));
  for (const [index, piece] of pieces.entries()) {
    size += measure.sizeOf(piece);
    if (size + ellipsisSize <= limit) cutAt = index + 1;
    if (size > limit) return limit < ellipsisSize ? '' : pieces.slice(0, cutAt).join('') + ELLIPSIS;
  }
  return pieces.join('');
}
