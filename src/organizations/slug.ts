const MAX_LENGTH = 63;

/** A slug may be part of a host name or a path, so it follows the rules of a DNS label (RFC 1123). */
export const SLUG_RULE = 'must be 1 to 63 lower-case letters, digits and hyphens, with a letter or digit at both ends';

export function isSlug(text: string): boolean {
  return text.length <= MAX_LENGTH && /^[a-z0-9]([a-z0-9-]*[a-z0-9])?$/.test(text);
}

/**
 * Derives a slug from a name: `Björk & Söner` becomes `bjork-soner`. A name without Latin letters or digits becomes
 * `organisation`.
 */
export function slugOf(name: string): string {
  const words = name
    .normalize('NFKD')
    .replace(/\p{Mark}/gu, '')
    .toLowerCase()
    .match(/[a-z0-9]+/g);
  return trimmed((words ?? ['organisation']).join('-'), MAX_LENGTH);
}

/** The slug of the given attempt, after the earlier ones were taken: `acme`, `acme-2`, `acme-3`. */
export function numberedSlug(slug: string, attempt: number): string {
  if (attempt === 1) return slug;
  const suffix = `-${attempt}`;
  return trimmed(slug, MAX_LENGTH - suffix.length) + suffix;
}

function trimmed(slug: string, length: number): string {
  return slug.slice(0, length).replace(/-+$/, '');
}
