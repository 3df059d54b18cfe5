/** The characters that a PostgreSQL text cannot hold: U+0000, and a surrogate without its pair. */
const UNSTORABLE = /[\0\p{Surrogate}]/gu;

/** Whether PostgreSQL can store the text unchanged. */
export function isStorable(text: string): boolean {
  return text.search(UNSTORABLE) < 0;
}

/** The text with U+FFFD, the replacement character, in place of each character that PostgreSQL cannot store. */
export function replaceUnstorable(text: string): string {
  return text.replace(UNSTORABLE, '\uFFFD');
}
