import { describe, expect, it } from '@jest/globals';
import { CronTime } from 'cron';
import { latestSlotOfDay } from './latest-slot.js';

function latest(expression: string, now: string): string | undefined {
  return latestSlotOfDay(new CronTime(expression, 'UTC'), new Date(now))?.toISOString();
}

describe('latestSlotOfDay', () => {
  it.each([
    ['5 0 * * *', '2026-03-10T00:04:59.999Z', undefined],
    ['5 0 * * *', '2026-03-10T00:05:00.000Z', '2026-03-10T00:05:00.000Z'],
    ['5 0 * * *', '2026-03-10T23:59:59.999Z', '2026-03-10T00:05:00.000Z'],
    ['0 0 * * *', '2026-03-10T00:00:00.000Z', '2026-03-10T00:00:00.000Z'],
    ['0 6,18 * * *', '2026-03-10T05:59:00.000Z', undefined],
    ['0 6,18 * * *', '2026-03-10T17:59:59.000Z', '2026-03-10T06:00:00.000Z'],
    ['0 6,18 * * *', '2026-03-10T18:30:00.000Z', '2026-03-10T18:00:00.000Z'],
    ['*/10 * * * * *', '2026-03-10T12:00:47.000Z', '2026-03-10T12:00:40.000Z'],
    ['* 0-12 * * *', '2026-03-10T20:00:00.000Z', '2026-03-10T12:59:00.000Z'],
    ['0 3 * * 1', '2026-03-10T12:00:00.000Z', undefined],
  ])('of %s at %s is %s', (expression, now, expected) => {
    expect(latest(expression, now)).toBe(expected);
  });
});
