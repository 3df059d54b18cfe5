import { isTimeZone, nextAt, quietUntil } from './local-time.js';

const at = (text: string): Date => new Date(text);
const PARIS = 'Europe/Paris';
const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;

/** Zones, the shift of their clocks in minutes, and when these change in 2026. */
const CHANGES = [
  { timeZone: 'Europe/Berlin', shift: 60, changes: ['2026-03-29T01:00Z', '2026-10-25T01:00Z'] },
  { timeZone: 'America/New_York', shift: 60, changes: ['2026-03-08T07:00Z', '2026-11-01T06:00Z'] },
  { timeZone: 'Africa/Cairo', shift: 60, changes: ['2026-04-23T22:00Z', '2026-10-29T21:00Z'] },
  { timeZone: 'Asia/Beirut', shift: 60, changes: ['2026-03-28T22:00Z', '2026-10-24T21:00Z'] },
  { timeZone: 'America/Havana', shift: 60, changes: ['2026-03-08T05:00Z', '2026-11-01T05:00Z'] },
  { timeZone: 'Australia/Lord_Howe', shift: 30, changes: ['2026-04-04T15:00Z', '2026-10-03T15:30Z'] },
  { timeZone: 'Antarctica/Troll', shift: 120, changes: ['2026-03-29T01:00Z', '2026-10-25T01:00Z'] },
].map(({ changes, ...zone }) => ({ ...zone, changes: changes.map(at) }));

const plusMinutes = (instant: Date, minutes: number): Date => new Date(instant.getTime() + minutes * MINUTE_MS);

/** The local date, as its midnight in UTC. */
const dayOf = (instant: Date, timeZone: string): number =>
  Date.parse(new Intl.DateTimeFormat('sv-SE', { timeZone }).format(instant));

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

  it.each([
    ['the second 01:05 of New York', 'America/New_York', '22:00', '01:30', '2026-11-01T06:05Z', '2026-11-01T06:30Z'],
    ['the second 02:00 of Berlin', 'Europe/Berlin', '22:00', '02:30', '2026-10-25T01:00Z', '2026-10-25T01:30Z'],
    ['the second 23:00 of Cairo', 'Africa/Cairo', '20:00', '23:30', '2026-10-29T21:00Z', '2026-10-29T21:30Z'],
    [
      'the second 01:40 of Lord Howe',
      'Australia/Lord_Howe',
      '22:00',
      '01:45',
      '2026-04-04T15:10Z',
      '2026-04-04T15:15Z',
    ],
    ['the first of two ends', 'Europe/Berlin', '22:00', '02:30', '2026-10-24T20:00Z', '2026-10-25T00:30Z'],
    ['an end after the hour that comes twice', PARIS, '22:00', '03:00', '2026-10-25T00:30Z', '2026-10-25T02:00Z'],
    ['an end that Berlin skips', 'Europe/Berlin', '22:00', '02:30', '2026-03-29T00:20Z', '2026-03-29T01:00Z'],
    ['an end that Lord Howe skips', 'Australia/Lord_Howe', '22:00', '02:15', '2026-10-03T15:00Z', '2026-10-03T15:30Z'],
    ['an end that Cairo skips at midnight', 'Africa/Cairo', '20:00', '00:30', '2026-04-23T21:00Z', '2026-04-23T22:00Z'],
  ])('when clocks change, end on time: %s', (_, timeZone, from, until, now, expected) => {
    expect(quietUntil(at(now), { from, until, timeZone })).toEqual(at(expected));
  });

  it.each(CHANGES)(
    'of $timeZone end after now, within a day and the shift of the clock',
    ({ timeZone, shift, changes }) => {
      const wrong: string[] = [];
      let checked = 0;
      for (const period of ['22:00-02:30', '22:00-07:00', '20:00-23:30', '23:00-00:15', '01:15-01:45', '02:15-00:00']) {
        const [from, until] = period.split('-') as [string, string];
        for (let minutes = -27 * 60; minutes < 27 * 60; minutes += 19) {
          for (const instant of changes.map((change) => plusMinutes(change, minutes))) {
            const end = quietUntil(instant, { from, until, timeZone });
            if (!end) continue;
            checked += 1;
            const isRight =
              end > instant &&
              end <= plusMinutes(instant, 24 * 60 + shift) &&
              [0, 1].every((later) => quietUntil(plusMinutes(end, later), { from, until, timeZone }) === null) &&
              // They run without a break until then.
              [instant, plusMinutes(end, -2)].every((moment) => {
                const middle = new Date((moment.getTime() + end.getTime()) / 2);
                return quietUntil(middle, { from, until, timeZone })?.getTime() === end.getTime();
              });
            if (!isRight) wrong.push(`${period} at ${instant.toISOString()} end at ${end.toISOString()}`);
          }
        }
      }

      expect(wrong).toEqual([]);
      expect(checked).toBeGreaterThan(300);
    },
  );
});

describe('the daily digest', () => {
  it.each(CHANGES)('comes once a day in $timeZone, also when the clock changes', ({ timeZone, changes }) => {
    for (const change of changes) {
      for (let hour = 0; hour < 24; hour += 1) {
        let slot = nextAt(plusMinutes(change, -2 * 24 * 60), hour * 60, timeZone);
        for (let day = 0; day < 4; day += 1) {
          // A late worker computes the same next digest.
          const [next, ...late] = [0, 29, 30, 59, 60, 120].map((minutes) =>
            nextAt(plusMinutes(slot, minutes), hour * 60, timeZone),
          );
          expect(late).toEqual(late.map(() => next));
          expect(dayOf(next!, timeZone) - dayOf(slot, timeZone)).toBe(DAY_MS);
          slot = next!;
        }
      }
    }
  });
});

it('distinguishes time zones from other text', () => {
  expect(['Europe/Paris', 'UTC', 'America/New_York'].map(isTimeZone)).toEqual([true, true, true]);
  expect(['Europe/Atlantis', '+02:00', '', 'Paris'].map(isTimeZone)).toEqual([false, false, false, false]);
});
