/** How many tags a technique has at most. */
export const MAX_TAGS = 20;

/** Words of an organisation's own: shown in a row with others, so that none holds a comma. */
export const TAG_PATTERN = /^(?=.*\S)[^,\p{Cc}]{1,64}$/u;

export const TAG_WORDS = 'each text of 1 to 64 characters without commas';

/** Tags as they are kept, so that whoever writes them differently means the same: trimmed, in lower case, each once and in order. */
export function toTags(sent: readonly string[]): string[] {
  return [...new Set(sent.map((tag) => tag.trim().toLowerCase()))].sort();
}
