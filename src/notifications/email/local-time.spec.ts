import { isTimeZone, nextAt, quietUntil } from './local-time.js';

const at = (text: string): Date => new Date(text);
const PARIS = 'Europe/Paris';

describe('the next time that a local clock shows a minute of the day', () => {
  it.each([
    ['later today', '2026-03-10T05:00:00Z', 8 * 60, '2026-03-10T07:00:00Z'],
    ['tomorrow, where today it has passed', '2026-03-10T07:00:00Z', 8 * 60, '2026-03-11T07:00:00Z'],
    ['an hour earlier in UTC once summer time has come', '2026-03-28T08:00:00Z', 8 * 60, '2026-03-29T06:00:00Z'],
    ['an hour later in UTC once it has ended', '2026-10-24T08:00:00Z', 8 * 60, '2026-10-25T07:00:00Z'],
    ['at the jump, where the clock jumps over it', '2026-03-28T12:00:00Z', 2 * 60 + 30, '2026-03-29T01:00:00Z'],
    ['the first of two times', '2026-10-24T12:00:00Z', 2 * 60 + 30, '2026-10-25T00:30:00Z'],
  ])('is %s', (_, now, minute, expected) => {
    expect(nextAt(at(now), minute, PARIS).toISOString()).toBe(at(expected).toISOString());
  });

  it('supports zones with half hours and beyond the date line', () => {
    expect(nextAt(at('2026-03-10T12:00:00Z'), 0, 'Asia/Kolkata')).toEqual(at('2026-03-10T18:30:00Z'));
    expect(nextAt(at('2026-03-10T12:00:00Z'), 8 * 60, 'Pacific/Kiritimati')).toEqual(at('2026-03-10T18:00:00Z'));
  });
});

describe('quiet hours', () => {
  const night = { from: '22:00', until: '07:00', timeZone: PARIS };

  it('can pass midnight, and end by the clock of the zone', () => {
    expect(quietUntil(at('2026-03-10T20:59:00Z'), night)).toBeNull();
    expect(quietUntil(at('2026-03-10T21:00:00Z'), night)).toEqual(at('2026-03-11T06:00:00Z'));
    expect(quietUntil(at('2026-03-11T05:59:59Z'), night)).toEqual(at('2026-03-11T06:00:00Z'));
    expect(quietUntil(at('2026-03-11T06:00:00Z'), night)).toBeNull();
  });

  it('are an hour shorter in the night in which summer time begins', () => {
    expect(quietUntil(at('2026-03-28T21:00:00Z'), night)).toEqual(at('2026-03-29T05:00:00Z'));
  });

  it('can lie within a day', () => {
    const lunch = { from: '12:00', until: '13:00', timeZone: 'UTC' };
    expect(quietUntil(at('2026-03-10T12:30:00Z'), lunch)).toEqual(at('2026-03-10T13:00:00Z'));
    expect(quietUntil(at('2026-03-10T13:00:00Z'), lunch)).toBeNull();
  });
});

it('distinguishes time zones from other text', () => {
  expect(['Europe/Paris', 'UTC', 'America/New_York'].map(isTimeZone)).toEqual([true, true, true]);
  expect(['Europe/Atlantis', '+02:00', '', 'Paris'].map(isTimeZone)).toEqual([false, false, false, false]);
});
