import fc from 'fast-check';
import type { Finding, Measurement } from '../evaluators/index.js';
import { cooldownEnd, decide, isInCooldown, type RuleStanding } from './decide.js';

const HOUR_MS = 3_600_000;
const NOW = new Date('2026-03-10T12:00:00.000Z');

function aFinding(changes: Partial<Finding> = {}): Finding {
  return {
    measured: 3,
    threshold: 3,
    breached: true,
    details: {},
    alert: { title: 'title', message: 'message' },
    ...changes,
  };
}

function measured(changes: Partial<Finding> = {}): Measurement {
  return { kind: 'measured', finding: aFinding(changes) };
}

function aStanding(changes: Partial<RuleStanding> = {}): RuleStanding {
  return { cooldownHours: 24, lastFiredAt: null, onRepeat: 'new_instance', unfinishedAlertId: null, ...changes };
}

const hoursBefore = (hours: number): Date => new Date(NOW.getTime() - hours * HOUR_MS);

const anyInstant = fc.date({ min: new Date('2000-01-01'), max: new Date('2100-01-01'), noInvalidDate: true });
const anyMeasurement: fc.Arbitrary<Measurement> = fc.oneof(
  fc.record({ kind: fc.constant('failed' as const), error: fc.string() }),
  fc.record({
    kind: fc.constant('measured' as const),
    finding: fc
      .record({
        measured: fc.option(fc.double({ noNaN: true })),
        threshold: fc.double({ noNaN: true }),
        breached: fc.boolean(),
      })
      .map((facts) => aFinding({ ...facts, breached: facts.breached && facts.measured !== null })),
  }),
);
const anyStanding: fc.Arbitrary<RuleStanding> = fc.record({
  cooldownHours: fc.oneof(fc.double({ min: -5, max: 500, noNaN: true }), fc.integer({ min: 0, max: 200 })),
  lastFiredAt: fc.option(anyInstant),
  onRepeat: fc.constantFrom('new_instance' as const, 'update_open' as const),
  unfinishedAlertId: fc.option(fc.uuid()),
});

describe('deciding on a rule', () => {
  it('fires at the first breach of a rule that never fired', () => {
    expect(decide(aStanding(), measured(), NOW).outcome).toBe('fired');
  });

  it('is clear without a breach', () => {
    expect(decide(aStanding(), measured({ breached: false }), NOW).outcome).toBe('clear');
  });

  it('alerts only once about an occasion, for each setting of on_repeat', () => {
    const release = measured({ occasion: 'enterprise-attack 18.1' });
    for (const onRepeat of ['new_instance', 'update_open'] as const) {
      const alerted = aStanding({ onRepeat, lastOccasion: 'enterprise-attack 18.1', unfinishedAlertId: 'an alert' });
      expect(decide(alerted, release, NOW).outcome).toBe('already_alerted');
    }
    expect(decide(aStanding({ lastOccasion: 'enterprise-attack 18.0' }), release, NOW).outcome).toBe('fired');
    expect(decide(aStanding({ lastOccasion: null }), measured({ occasion: null }), NOW).outcome).toBe('fired');
  });

  it('has no data if there was nothing to measure', () => {
    expect(decide(aStanding(), measured({ measured: null, breached: false }), NOW).outcome).toBe('no_data');
  });

  it.each([
    ['one millisecond before the cooldown ends', new Date(hoursBefore(24).getTime() + 1), 'cooldown'],
    ['exactly at the end of the cooldown', hoursBefore(24), 'fired'],
    ['one millisecond after the cooldown ended', new Date(hoursBefore(24).getTime() - 1), 'fired'],
    ['right after a firing', NOW, 'cooldown'],
  ])('%s', (_, lastFiredAt, outcome) => {
    expect(decide(aStanding({ lastFiredAt }), measured(), NOW).outcome).toBe(outcome);
  });

  it.each([0, -1])('has no cooldown at %d hours', (cooldownHours) => {
    expect(decide(aStanding({ cooldownHours, lastFiredAt: NOW }), measured(), NOW).outcome).toBe('fired');
  });

  it('refreshes the open alert of a rule with update_open, and opens one if there is none', () => {
    const standing = aStanding({ onRepeat: 'update_open', unfinishedAlertId: 'the alert' });
    expect(decide(standing, measured(), NOW)).toMatchObject({ outcome: 'refreshed', alertId: 'the alert' });
    expect(decide({ ...standing, unfinishedAlertId: null }, measured(), NOW).outcome).toBe('fired');
  });

  it('never fires or refreshes in cooldown', () => {
    fc.assert(
      fc.property(anyStanding, anyMeasurement, anyInstant, (standing, measurement, now) => {
        fc.pre(isInCooldown(standing, now));
        expect(decide(standing, measurement, now)).toEqual({ outcome: 'cooldown' });
      }),
    );
  });

  it('fires at the first breach after the cooldown, at any later time', () => {
    fc.assert(
      fc.property(
        anyInstant,
        fc.integer({ min: 1, max: 5_000 }),
        fc.nat(10_000_000),
        (lastFiredAt, cooldownHours, lateMs) => {
          const standing = aStanding({ lastFiredAt, cooldownHours });
          const end = lastFiredAt.getTime() + cooldownHours * HOUR_MS;
          expect(decide(standing, measured(), new Date(end + lateMs)).outcome).toBe('fired');
          expect(decide(standing, measured(), new Date(end - 1)).outcome).toBe('cooldown');
        },
      ),
    );
  });

  it('stays in cooldown until the end that cooldownEnd returns', () => {
    fc.assert(
      fc.property(anyInstant, fc.integer({ min: 1, max: 5_000 }), (lastFiredAt, cooldownHours) => {
        const standing = aStanding({ lastFiredAt, cooldownHours });
        const end = cooldownEnd(standing, lastFiredAt)!;
        expect(isInCooldown(standing, new Date(end.getTime() - 1))).toBe(true);
        expect(isInCooldown(standing, end)).toBe(false);
      }),
    );
    expect(cooldownEnd(aStanding({ lastFiredAt: null }), NOW)).toBeNull();
    expect(cooldownEnd(aStanding({ lastFiredAt: NOW, cooldownHours: 0 }), NOW)).toBeNull();
  });

  it('counts a last firing in the future as now, so that it is silent for one cooldown at most', () => {
    const nextYear = new Date('2027-03-10T12:00:00Z');
    const standing = aStanding({ lastFiredAt: nextYear, cooldownHours: 24 });

    expect(cooldownEnd(standing, NOW)).toEqual(new Date(NOW.getTime() + 24 * HOUR_MS));
    expect(decide(standing, measured(), NOW).outcome).toBe('cooldown');
    expect(decide({ ...standing, cooldownHours: 0 }, measured(), NOW).outcome).toBe('fired');
  });

  it('opens or refreshes only on a breach, and always on a breach outside the cooldown', () => {
    fc.assert(
      fc.property(anyStanding, anyMeasurement, anyInstant, (standing, measurement, now) => {
        const { outcome } = decide(standing, measurement, now);
        const breaches = measurement.kind === 'measured' && measurement.finding.breached;
        expect(outcome === 'fired' || outcome === 'refreshed').toBe(breaches && !isInCooldown(standing, now));
      }),
    );
  });

  it('keeps the error of a failed rule, and the failure changes no decision on another rule', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(anyStanding, anyMeasurement), { minLength: 1, maxLength: 20 }),
        anyInstant,
        fc.nat(),
        (rules, now, pick) => {
          const broken = pick % rules.length;
          const before = rules.map(([standing, measurement]) => decide(standing, measurement, now));
          const after = rules.map(([standing, measurement], index) =>
            decide(standing, index === broken ? { kind: 'failed', error: 'division by zero' } : measurement, now),
          );
          for (const [index, decision] of after.entries()) {
            if (index !== broken) expect(decision).toEqual(before[index]);
            else expect(['error', 'cooldown']).toContain(decision.outcome);
          }
        },
      ),
    );
  });

  it('gives the same decision for the same arguments, and does not change them', () => {
    fc.assert(
      fc.property(anyStanding, anyMeasurement, anyInstant, (standing, measurement, now) => {
        const frozen = Object.freeze({ ...standing });
        expect(decide(frozen, Object.freeze(measurement), now)).toEqual(decide(frozen, measurement, now));
      }),
    );
  });
});
