import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { roundBeside } from './wire.js';

describe('roundBeside', () => {
  it.each([
    [62.514, 70, 62.51],
    [29.9961, 29.997, 29.996],
    [29.999, 30, 29.999],
    [30, 30, 30],
    [30.004, 30.002, 30.004],
    [-0.001, 5, 0],
    [100 / 3, 33.33, 33.333],
  ])('rounds %d beside %d to %d', (value, limit, expected) => {
    expect(roundBeside(value, limit)).toBe(expected);
  });

  it('never moves a value to the other side of the limit, or onto it', () => {
    const percent = fc.double({ min: 0, max: 100, noNaN: true });
    fc.assert(
      fc.property(percent, percent, fc.constantFrom(0, 1e-3, -1e-3, 1e-9, -1e-9), (limit, other, distance) => {
        for (const value of [other, limit + distance]) {
          expect(Math.sign(roundBeside(value, limit) - limit)).toBe(Math.sign(value - limit));
        }
      }),
    );
  });
});
