import { describe, expect, it } from '@jest/globals';
import { isCalendarDate, parseInstant } from './instant.js';

describe('parseInstant', () => {
  it.each([
    ['2026-03-01', '2026-03-01T00:00:00.000Z'],
    ['2024-02-29', '2024-02-29T00:00:00.000Z'],
    ['1970-01-01', '1970-01-01T00:00:00.000Z'],
    ['2026-03-01T09:30Z', '2026-03-01T09:30:00.000Z'],
    ['2026-03-01T09:30:15.5+02:00', '2026-03-01T07:30:15.500Z'],
    ['2026-03-01T23:59:59.999999999-05:00', '2026-03-02T04:59:59.999Z'],
  ])('parses %s', (text, expected) => {
    expect(parseInstant(text)?.toISOString()).toBe(expected);
  });

  it.each([
    '',
    '2026-02-29',
    '2026-00-10',
    '2026-04-31',
    '1969-12-31',
    '20260301',
    '2026-3-1',
    '2026-03-01T09:30:00',
    '2026-03-01 09:30:00Z',
  ])('rejects %j', (text) => {
    expect(parseInstant(text)).toBeUndefined();
  });

  it.each([
    '2026-03-01T24:00:00Z',
    '2026-03-01T09:60:00Z',
    '2026-03-01T09:30:60Z',
    '2026-03-01T09:30:00+15:00',
    '2026-03-01Z',
    '9999-12-31T23:59:59-00:01',
    ' 2026-03-01',
  ])('rejects %j', (text) => {
    expect(parseInstant(text)).toBeUndefined();
  });

  it.each([null, undefined, 5, {}, ['2026-03-01']])('rejects %j', (value) => {
    expect(parseInstant(value)).toBeUndefined();
  });
});

describe('isCalendarDate', () => {
  it('accepts existing days, and rejects text with a time', () => {
    expect(['2026-03-10', '2026-02-30', '2026-03-10T00:00:00Z', '2026-03-10\n', 20260310].map(isCalendarDate)).toEqual([
      true,
      false,
      false,
      false,
      false,
    ]);
  });
});
