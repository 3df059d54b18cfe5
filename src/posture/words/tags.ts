/** The most tags of a technique. */
export const MAX_TAGS = 20;

/**
 * An organisation's own words. They are listed with commas between them, so they cannot contain one. PostgreSQL cannot
 * store U+0000 or half a character (a lone surrogate).
 */
export const TAG_PATTERN = /^(?=.*\S)[^,\p{Cc}\p{Cs}]{1,64}$/u;

export const TAG_WORDS = 'each text of 1 to 64 characters without commas';

/** Normalises tags, so that different spellings are equal: trimmed, in lower case, sorted, without duplicates. */
export function toTags(sent: readonly string[]): string[] {
  return [...new Set(sent.map((tag) => tag.trim().toLowerCase()))].sort();
}
