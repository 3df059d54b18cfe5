import type { TechniqueStatus } from '../posture/words/index.js';
import { atHour, inWorkingHours } from './demo-calendar.js';
import { HARBOUR_TACTICS, hasPlatform, isOutOfScope, RISK_BY_PLATFORM } from './demo-profile.js';
import type { DemoPerson } from './demo-users.js';
import { SeededRandom } from './seeded-random.js';

/** The facts about a technique in force that the generator needs. */
export interface DemoTechnique {
  id: string;
  attackId: string;
  parentId: string | null;
  tactics: string[];
  platforms: string[];
}

export interface DemoPosture {
  technique: DemoTechnique;
  status: TechniqueStatus;
  /** The status before yesterday's migration to a new EDR, which changed some techniques. */
  statusBefore: TechniqueStatus;
  lastReviewDate: Date | null;
  riskScore: number | null;
  owner: DemoPerson | null;
  updatedAt: Date;
  updatedBy: DemoPerson;
}

/** The share of each status before the migration, best detected first. The remaining techniques are not evaluated. */
const SHARES_BEFORE: readonly [TechniqueStatus, number][] = [
  ['validated', 0.255],
  ['partial', 0.19],
  ['in_progress', 0.13],
  ['not_covered', 0.25],
];

/** The share of the techniques in scope that lost a validated detection in the migration. Coverage drops as much. */
const LOST_IN_MIGRATION = 0.064;

/** The hour of yesterday's migration: between the snapshots of yesterday and today. */
const MIGRATION_HOUR = 20.5;

/** When Devon left. Devon's techniques have had no owner since. */
export function whenDevonLeft(now: Date): Date {
  return atHour(now, 7, 16);
}

export function whenMigrated(now: Date): Date {
  return atHour(now, 1, MIGRATION_HOUR);
}

/** Plans the posture, in the order of the ATT&CK ids. The same catalogue and day give the same posture. */
export function planPosture(catalogue: readonly DemoTechnique[], now: Date): DemoPosture[] {
  const techniques = [...catalogue].sort((a, b) => compare(a.attackId, b.attackId) || compare(a.id, b.id));
  const random = new SeededRandom(2026);
  const before = statusesBefore(techniques, random);
  const lost = lostInMigration(techniques, before, random);
  const areas = new Map<string, DemoPerson>();
  return techniques.map((technique) => {
    const statusBefore = before.get(technique.id) ?? 'not_applicable';
    const status = lost.has(technique.id) ? 'in_progress' : statusBefore;
    const lastReviewDate = reviewDate(statusBefore, now, random);
    const family = technique.parentId ?? technique.id;
    const area = areas.get(family) ?? random.pick(mainTactic(technique).owners);
    areas.set(family, area);
    const owner = status === 'not_applicable' || area === 'devon' ? null : area;
    const riskScore = riskOf(technique, status, random);
    const change = lastChange(technique, { isLost: lost.has(technique.id), area, lastReviewDate }, now);
    return { technique, status, statusBefore, lastReviewDate, riskScore, owner, ...change };
  });
}

/** Ranks the techniques in scope by how well the insurer detects them, and cuts the ranking into shares. */
function statusesBefore(techniques: readonly DemoTechnique[], random: SeededRandom): Map<string, TechniqueStatus> {
  const detected = new Map<string, number>();
  for (const technique of techniques) {
    const own = average(tacticsOf(technique).map(({ detection }) => detection)) + 0.5 * (random.next() - 0.5);
    const parent = technique.parentId === null ? undefined : detected.get(technique.parentId);
    detected.set(technique.id, parent === undefined ? own : 0.65 * parent + 0.35 * own);
  }
  const ranked = techniques
    .filter((technique) => !isOutOfScope(technique))
    .sort((a, b) => detected.get(b.id)! - detected.get(a.id)!);
  const statuses = new Map<string, TechniqueStatus>();
  let place = 0;
  for (const [status, share] of SHARES_BEFORE) {
    const end = place + Math.round(share * ranked.length);
    for (; place < end && place < ranked.length; place++) statuses.set(ranked[place]!.id, status);
  }
  for (; place < ranked.length; place++) statuses.set(ranked[place]!.id, 'not_evaluated');
  return statuses;
}

/** Techniques that the old EDR detected on Windows and the new one does not detect yet. */
function lostInMigration(
  techniques: readonly DemoTechnique[],
  before: ReadonlyMap<string, TechniqueStatus>,
  random: SeededRandom,
): Set<string> {
  const validated = techniques.filter(({ id }) => before.get(id) === 'validated');
  const reliesOnEdr = (technique: DemoTechnique): boolean =>
    hasPlatform(technique, 'Windows') && tacticsOf(technique).some(({ reliesOnEdr }) => reliesOnEdr);
  const affected = validated.filter(reliesOnEdr);
  const others = validated.filter((technique) => !reliesOnEdr(technique));
  const count = Math.ceil(LOST_IN_MIGRATION * before.size);
  const inOrder = [...random.sample(affected, affected.length), ...random.sample(others, others.length)];
  return new Set(inOrder.slice(0, count).map(({ id }) => id));
}

/** The last review of a third of the validated techniques is more than a month ago. */
function reviewDate(status: TechniqueStatus, now: Date, random: SeededRandom): Date | null {
  const reviewed = (from: number, to: number): Date => inWorkingHours(now, random.integer(from, to), random);
  switch (status) {
    case 'validated':
      return random.chance(0.68) ? reviewed(1, 26) : reviewed(32, 118);
    case 'partial':
      return reviewed(2, 110);
    case 'in_progress':
      return random.chance(0.5) ? reviewed(1, 45) : null;
    case 'not_covered':
      return random.chance(0.6) ? reviewed(5, 118) : null;
    case 'not_applicable':
      return reviewed(119, 119);
    case 'not_evaluated':
      return null;
  }
}

/** In steps of 0.5 from 3 to 97. Techniques that do not apply have no score, and unevaluated ones rarely have one. */
function riskOf(technique: DemoTechnique, status: TechniqueStatus, random: SeededRandom): number | null {
  const noise = 30 * (random.next() + random.next() - 1);
  const isScored = random.chance(0.4);
  if (status === 'not_applicable' || (status === 'not_evaluated' && !isScored)) return null;
  const ofTactics = Math.max(...tacticsOf(technique).map(({ risk }) => risk));
  const ofPlatforms = Math.max(...technique.platforms.map((platform) => RISK_BY_PLATFORM[platform] ?? 0), -10);
  const ofDetection = status === 'validated' ? -24 : status === 'partial' ? -12 : 0;
  const score = ofTactics + ofPlatforms + ofDetection + noise - 8;
  return Math.min(97, Math.max(3, Math.round(score * 2) / 2));
}

function lastChange(
  technique: DemoTechnique,
  { isLost, area, lastReviewDate }: { isLost: boolean; area: DemoPerson; lastReviewDate: Date | null },
  now: Date,
): { updatedAt: Date; updatedBy: DemoPerson } {
  if (isLost) return { updatedAt: whenMigrated(now), updatedBy: 'blueLead' };
  if (isOutOfScope(technique)) return { updatedAt: lastReviewDate ?? atHour(now, 119, 9), updatedBy: 'blueLead' };
  if (area !== 'devon') return { updatedAt: lastReviewDate ?? atHour(now, 119, 9), updatedBy: area };
  const left = whenDevonLeft(now);
  return lastReviewDate && lastReviewDate > left
    ? { updatedAt: lastReviewDate, updatedBy: 'blueLead' }
    : { updatedAt: left, updatedBy: 'admin' };
}

function tacticsOf(technique: DemoTechnique): (typeof HARBOUR_TACTICS)[string][] {
  const known = technique.tactics.flatMap((tactic) => HARBOUR_TACTICS[tactic] ?? []);
  return known.length > 0 ? known : [HARBOUR_TACTICS['discovery']!];
}

function mainTactic(technique: DemoTechnique): (typeof HARBOUR_TACTICS)[string] {
  return tacticsOf(technique)[0]!;
}

function average(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
