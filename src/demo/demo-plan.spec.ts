import { describe, expect, it } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { planChanges } from './demo-changes.js';
import type { DemoRule } from './demo-firings.js';
import { planPastAlerts } from './demo-past-alerts.js';
import { planPosture, type DemoTechnique } from './demo-posture.js';
import { planQueue } from './demo-queue.js';
import { planSnapshots } from './demo-snapshots.js';

const DAY_MS = 24 * 3_600_000;

interface FactsRow {
  id: string;
  attack_id: string;
  parent_id?: string;
  tactics: string[];
  platforms: string[];
  revoked?: boolean;
  deprecated?: boolean;
}

const catalogue: DemoTechnique[] = (
  JSON.parse(readFileSync('data/attack-enterprise-18.1.json', 'utf8')) as { techniques: FactsRow[] }
).techniques
  .filter(({ revoked, deprecated }) => !revoked && !deprecated)
  .map(({ id, attack_id, parent_id, tactics, platforms }) => ({
    id,
    attackId: attack_id,
    parentId: parent_id ?? null,
    tactics,
    platforms,
  }));

const regression: DemoRule = {
  id: '0190a000-0000-7000-8000-000000000001',
  key: 'coverage_regression',
  name: 'Coverage Regression',
  ruleType: 'coverage_regression',
  severity: 'high',
  config: { min_drop_pct: 5 },
};

/** The first and the last minute of each day of a week, and of a leap day. */
const instants = [
  '2026-03-09',
  '2026-03-10',
  '2026-03-11',
  '2026-03-12',
  '2026-03-13',
  '2026-03-14',
  '2026-03-15',
  '2028-02-29',
].flatMap((day) => [new Date(`${day}T00:00:30.000Z`), new Date(`${day}T23:59:30.000Z`)]);

describe.each(instants)('the demo as it begins at %p', (now) => {
  const posture = planPosture(catalogue, now);
  const snapshots = planSnapshots(posture, now);
  const changes = planChanges(posture, now);
  const queue = planQueue(posture, new Set(changes.map(({ techniqueId }) => techniqueId)), now);
  const daysOld = (instant: Date): number => (now.getTime() - instant.getTime()) / DAY_MS;

  it('breaches every threshold by a margin', () => {
    const inScope = posture.filter(({ status }) => status !== 'not_applicable');
    const [yesterday, today] = [snapshots.at(-2)!.coverage_pct, snapshots.at(-1)!.coverage_pct];
    expect(inScope.filter(({ riskScore }) => riskScore !== null && riskScore >= 75).length).toBeGreaterThan(4);
    expect(inScope.filter(({ riskScore }) => riskScore !== null && riskScore >= 50).length).toBeGreaterThan(50);
    expect(
      inScope.filter(
        ({ status, lastReviewDate }) => status === 'validated' && lastReviewDate && daysOld(lastReviewDate) > 31,
      ).length,
    ).toBeGreaterThan(20);
    expect(yesterday - today).toBeGreaterThan(5.5);
    expect(today).toBeLessThan(29.5);
    expect(queue.filter(({ completedAt }) => completedAt === null).length).toBeGreaterThan(20);
    expect(changes.filter(({ at }) => daysOld(at) < 3)).toHaveLength(6);
    expect(inScope.filter(({ owner }) => owner === null).length).toBeGreaterThan(30);
  });

  it('lies in the past', () => {
    const times = [
      ...posture.flatMap(({ updatedAt, lastReviewDate }) => [updatedAt, lastReviewDate]),
      ...queue.flatMap(({ createdAt, updatedAt, completedAt }) => [createdAt, updatedAt, completedAt]),
      ...snapshots.map(({ takenAt }) => takenAt),
      ...changes.map(({ at }) => at),
    ];
    expect(times.filter((time) => time !== null && time > now)).toEqual([]);
  });

  it('has at most one unfinished queue item for each technique', () => {
    const unfinished = queue.filter(({ completedAt }) => completedAt === null).map(({ techniqueId }) => techniqueId);
    expect(new Set(unfinished).size).toBe(unfinished.length);
  });

  it('has a regression alert for the outage, on any weekday', () => {
    expect(planPastAlerts([regression], posture, snapshots, now)).toHaveLength(1);
  });
});
