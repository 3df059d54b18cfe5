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

/**
 * Rounds a value that is compared with a limit to two decimals, or to as many as keep it on its side of the limit: 30
 * would not look like less than 29.999.
 */
export function roundBeside(value: number, limit: number): number {
  for (let decimals = 2; decimals <= 15; decimals += 1) {
    const rounded = roundTo(value, decimals) + 0;
    if (Math.sign(rounded - limit) === Math.sign(value - limit)) return rounded;
  }
  return value;
}

export function roundTo(value: number, decimals: number): number {
  return Number(value.toFixed(decimals));
}

/** `1 technique`, `3 techniques`. */
export function counted(count: number, singular: string, plural = `${singular}s`): string {
  return `${count} ${count === 1 ? singular : plural}`;
}
