import { describe, expect, it } from '@jest/globals';
import { SeededRandom } from './seeded-random.js';

describe('SeededRandom', () => {
  it('gives the same numbers for the same seed, and different ones for another seed', () => {
    const numbers = (seed: number): number[] => {
      const random = new SeededRandom(seed);
      return Array.from({ length: 20 }, () => random.next());
    };
    expect(numbers(7)).toEqual(numbers(7));
    expect(numbers(7)).not.toEqual(numbers(8));
  });

  it('stays within its bounds and reaches both', () => {
    const random = new SeededRandom(1);
    const drawn = new Set(Array.from({ length: 500 }, () => random.integer(3, 6)));
    expect([...drawn].sort()).toEqual([3, 4, 5, 6]);
  });

  it('takes each value at most once in a sample', () => {
    const values = ['a', 'b', 'c', 'd'];
    expect(new SeededRandom(1).sample(values, 9).sort()).toEqual(values);
    expect(new SeededRandom(1).sample(values, 2)).toHaveLength(2);
  });
});
