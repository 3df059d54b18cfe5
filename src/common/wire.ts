/** The ISO 8601 text of an instant, in UTC. */
export function toIso(instant: Date): string;
export function toIso(instant: Date | null): string | null;
export function toIso(instant: Date | null): string | null {
  return instant === null ? null : instant.toISOString();
}

/** A number for people, with as many decimals as needed and two at most: 62.5 and 75. */
export function plainNumber(value: number, decimals = 2): string {
  return String(Number(value.toFixed(decimals)));
}

export function roundTo(value: number, decimals: number): number {
  return Number(value.toFixed(decimals));
}

/** `1 technique`, `3 techniques`. */
export function counted(count: number, singular: string, plural = `${singular}s`): string {
  return `${count} ${count === 1 ? singular : plural}`;
}
