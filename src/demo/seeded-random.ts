/** Repeatable pseudo-random numbers: mulberry32 (Tommy Ettinger, public domain). Not for secrets. */
export class SeededRandom {
  constructor(private state: number) {}

  /** At least 0 and less than 1. */
  next(): number {
    this.state = (this.state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(this.state ^ (this.state >>> 15), 1 | this.state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  }

  /** True with a probability from 0 to 1. */
  chance(share: number): boolean {
    return this.next() < share;
  }

  /** A whole number from `min` to `max`, both included. */
  integer(min: number, max: number): number {
    return min + Math.floor(this.next() * (max - min + 1));
  }

  pick<T>(values: readonly [T, ...T[]]): T {
    return values[Math.floor(this.next() * values.length)] ?? values[0];
  }

  /** Up to `count` of the values, in random order. */
  sample<T>(values: readonly T[], count: number): T[] {
    return values
      .map((value) => ({ value, draw: this.next() }))
      .sort((a, b) => a.draw - b.draw)
      .slice(0, count)
      .map(({ value }) => value);
  }
}
