/** Formats whose receivers tell a friend by the signature, so that the path of their URL is no credential. */
const FORMATS_WITH_PLAIN_PATH: readonly string[] = ['standard'];

/**
 * A URL as logs and answers may show it. The addresses of chat channels and pagers let everybody post who knows them: of those only the host is shown. A
 * query may hold a token whatever the format.
 */
export function shownUrl(url: string, format: string): string {
  if (!URL.canParse(url)) return '';
  const { origin, pathname, search } = new URL(url);
  if (!FORMATS_WITH_PLAIN_PATH.includes(format)) return `${origin}/…`;
  return `${origin}${pathname}${search === '' ? '' : '?…'}`;
}
