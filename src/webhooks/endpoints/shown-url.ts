/** Formats whose receivers verify the signature. The path of their URL is no credential. */
const FORMATS_WITH_PLAIN_PATH: readonly string[] = ['standard'];

/**
 * A URL without credentials, for logs and responses. Anyone who knows the address of a chat channel or pager can post
 * to it, so only its host is shown. The query is never shown, because it may contain a token.
 */
export function shownUrl(url: string, format: string): string {
  if (!URL.canParse(url)) return '';
  const { origin, pathname, search } = new URL(url);
  if (!FORMATS_WITH_PLAIN_PATH.includes(format)) return `${origin}/…`;
  return `${origin}${pathname}${search === '' ? '' : '?…'}`;
}
