import { changeHealth, newHealth, type EndpointHealth, type HealthSample } from './endpoint-health.js';

const NOW = new Date('2026-03-10T12:00:30.000Z');
const MINUTE_MS = 60_000;

const after = (ms: number): Date => new Date(NOW.getTime() + ms);
const failed = (at = NOW, changes: Partial<HealthSample> = {}): HealthSample => ({
  at,
  count: 1,
  error: 'answered 500',
  isProbe: false,
  pauseUntil: null,
  ...changes,
});
const succeeded = (at = NOW, changes: Partial<HealthSample> = {}): HealthSample => ({
  ...failed(at, changes),
  error: null,
});
const times = (count: number, sample: HealthSample): HealthSample[] => Array.from({ length: count }, () => sample);

/** An endpoint whose breaker just opened. */
function opened(): EndpointHealth {
  return changeHealth(newHealth(), times(10, failed()), NOW).health;
}

describe('the health of an endpoint', () => {
  it.each([
    ['nine failures are too few', 0, 9, 'closed'],
    ['ten failures of ten', 0, 10, 'open'],
    ['seven failures of ten', 3, 7, 'open'],
    ['six failures of ten', 4, 6, 'closed'],
    ['69 failures of a hundred', 31, 69, 'closed'],
    ['70 failures of a hundred', 30, 70, 'open'],
  ])('%s: after %i successes and %i failures the breaker is %s', (_, successes, failures, breaker) => {
    const { health } = changeHealth(newHealth(), [...times(successes, succeeded()), ...times(failures, failed())], NOW);

    expect(health.breaker).toBe(breaker);
    expect(health.openUntil).toEqual(breaker === 'open' ? after(MINUTE_MS) : null);
  });

  it.each([
    [31, 'closed'],
    [30, 'open'],
  ])('counts %i successes in one sample one by one', (count, breaker) => {
    const samples = [succeeded(NOW, { count }), ...times(100 - count, failed())];

    expect(changeHealth(newHealth(), samples, NOW).health.breaker).toBe(breaker);
  });

  it('ignores attempts from more than five minutes ago', () => {
    const { health } = changeHealth(newHealth(), times(9, failed()), NOW);

    expect(changeHealth(health, [failed(after(4 * MINUTE_MS))], after(4 * MINUTE_MS)).health.breaker).toBe('open');
    expect(changeHealth(health, [failed(after(5 * MINUTE_MS))], after(5 * MINUTE_MS)).health.breaker).toBe('closed');
  });

  it('ignores attempts from the future, and failures since then, of a clock that was ahead', () => {
    const nextYear = after(365 * 24 * 60 * MINUTE_MS);
    const { health } = changeHealth(newHealth(), times(9, failed(nextYear)), nextYear);
    const corrected = changeHealth(health, [failed()], NOW).health;

    expect(corrected).toMatchObject({ breaker: 'closed', failingSince: NOW });
    expect(corrected.samples).toHaveLength(1);
  });

  it('opens for one minute, and twice as long after each failed probe, up to half an hour', () => {
    let health = opened();
    const minutes = [];
    for (let count = 0; count < 7; count += 1) {
      const at = health.openUntil!;
      minutes.push(Math.round((at.getTime() - health.lastFailureAt!.getTime()) / MINUTE_MS));
      health = changeHealth(health, [failed(at, { isProbe: true })], at).health;
    }

    expect(minutes).toEqual([1, 2, 4, 8, 16, 30, 30]);
  });

  it('closes when the probe succeeds, and starts a new count', () => {
    const at = after(MINUTE_MS);
    const { health, isReleased } = changeHealth(opened(), [succeeded(at, { isProbe: true })], at);

    expect({ isReleased, ...health }).toMatchObject({
      isReleased: true,
      breaker: 'closed',
      openings: 0,
      openUntil: null,
    });
    expect(changeHealth(health, times(9, failed(at)), at).health.breaker).toBe('closed');
  });

  it('stays open after a success that started before the breaker opened', () => {
    expect(changeHealth(opened(), [succeeded()], NOW)).toMatchObject({
      isReleased: false,
      health: { breaker: 'open' },
    });
  });

  it('never opens on a success, but on the next failure', () => {
    const { health } = changeHealth(newHealth(), times(9, failed()), NOW);
    const { health: afterSuccess } = changeHealth(health, [succeeded()], NOW);

    expect(afterSuccess).toMatchObject({ breaker: 'closed', openUntil: null, consecutiveFailures: 0 });
    expect(changeHealth(newHealth(), [...times(9, failed()), succeeded()], NOW).health).toEqual(afterSuccess);
    expect(changeHealth(afterSuccess, [failed()], NOW).health.breaker).toBe('open');
  });

  it.each([
    ['9F 1S', 'closed', false],
    ['10F 1S', 'open', false],
    ['1S 9F', 'open', false],
    ['2F 1S 2F 1S 2F 1S 2F', 'open', false],
    ['10F 1P', 'closed', true],
    ['10F 1P 9F', 'closed', true],
    ['10F 1P 10F', 'open', false],
    ['10F 1f 2S', 'open', false],
    ['10F 1f 1S 1P', 'closed', true],
  ])(
    'the batch %s (F failed, S succeeded, f and P as probes) leaves it %s, as its attempts one by one do',
    (batch, breaker, isReleased) => {
      const attempts = {
        F: failed(),
        S: succeeded(),
        f: failed(NOW, { isProbe: true }),
        P: succeeded(NOW, { isProbe: true }),
      };
      const samples = batch
        .split(' ')
        .flatMap((some) => times(parseInt(some, 10), attempts[some.at(-1) as keyof typeof attempts]));
      const together = changeHealth(newHealth(), samples, NOW);

      expect(together).toMatchObject({ health: { breaker }, isReleased });
      expect(samples.reduce((health, sample) => changeHealth(health, [sample], NOW).health, newHealth())).toEqual(
        together.health,
      );
    },
  );

  it('asks for a notification once, at the fourth failure in a row', () => {
    const notified: boolean[] = [];
    let health = newHealth();
    for (const sample of [failed(), failed(), failed(), succeeded(), ...times(6, failed())]) {
      const change = changeHealth(health, [sample], NOW);
      notified.push(change.mustNotify);
      health = change.health;
    }

    expect(notified).toEqual([false, false, false, false, false, false, false, true, false, false]);
  });

  it('keeps the longest requested pause', () => {
    const { health } = changeHealth(
      newHealth(),
      [failed(NOW, { pauseUntil: after(120_000) }), failed(NOW, { pauseUntil: after(60_000) })],
      NOW,
    );

    expect(health.pausedUntil).toEqual(after(120_000));
  });

  it('may be disabled after 120 hours without a success', () => {
    const hours = (count: number): Date => after(count * 60 * MINUTE_MS);
    const { health } = changeHealth(newHealth(), [failed()], NOW);

    expect(changeHealth(health, [failed(hours(119))], hours(119)).mayDisable).toBe(false);
    expect(changeHealth(health, [failed(hours(120))], hours(120)).mayDisable).toBe(true);
    expect(changeHealth(health, [succeeded(hours(119)), failed(hours(120))], hours(120)).mayDisable).toBe(false);
  });
});
