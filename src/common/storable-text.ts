/** The characters that PostgreSQL cannot store in text: U+0000 and lone surrogates. */
const UNSTORABLE = /[\0\p{Surrogate}]/gu;

/** Whether PostgreSQL can store the text unchanged. */
export function isStorable(text: string): boolean {
  return text.search(UNSTORABLE) < 0;
}

/** Replaces each character that PostgreSQL cannot store with U+FFFD, the replacement character. */
export function replaceUnstorable(text: string): string {
  return text.replace(UNSTORABLE, '\uFFFD');
}
