/**
 * Numbers that look random and are the same in every run: mulberry32 (Tommy Ettinger, public domain), 32 bits of state, which is plenty for a
 * demo and no use for anything secret.
 */
export class SeededRandom {
  constructor(private state: number) {}

  /** At least 0 and less than 1. */
  next(): number {
    this.state = (this.state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(this.state ^ (this.state >>> 15), 1 | this.state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  }

  /** True this often, as a share of 0 to 1. */
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

  /** As many of the values as asked for, or all if there are fewer, in an order of chance. */
  sample<T>(values: readonly T[], count: number): T[] {
    return values
      .map((value) => ({ value, draw: this.next() }))
      .sort((a, b) => a.draw - b.draw)
      .slice(0, count)
      .map(({ value }) => value);
  }
}
