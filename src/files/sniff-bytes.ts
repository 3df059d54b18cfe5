/** The kind of a file that is not text in UTF-8, from its first bytes. */
export type Sniffed = 'utf-16le' | 'utf-16be' | 'utf-16' | 'gzip' | 'zip' | null;

/**
 * Looks at the first bytes of a file.
 * @returns `utf-16` for UTF-16 without a byte order mark, whose byte order is unknown; null for a file that may be
 * UTF-8.
 */
export function sniffBytes(bytes: Uint8Array): Sniffed {
  const [first, second, third, fourth] = bytes;
  if (first === 0xff && second === 0xfe) return 'utf-16le';
  if (first === 0xfe && second === 0xff) return 'utf-16be';
  // Every format begins with two ASCII characters, so a zero among the first bytes is UTF-16 without a byte order mark.
  if ((first === 0 && second !== 0) || (first !== 0 && second === 0 && fourth === 0)) return 'utf-16';
  if (first === 0x1f && second === 0x8b) return 'gzip';
  if (first === 0x50 && second === 0x4b && third === 0x03) return 'zip';
  return null;
}
