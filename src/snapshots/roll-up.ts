import type { TechniqueStatus } from '../posture/words/index.js';
import { coveragePct } from './coverage.js';

/**
 * How techniques and their sub-techniques are counted together, always over those in scope. A family is a technique and its sub-techniques; a sub-technique whose
 * parent is not in scope still belongs to its family.
 *
 * - `flat`: every technique and sub-technique counts one.
 * - `leaf`: every sub-technique counts one, and every technique that has none in scope. A technique that has some does not count itself.
 * - `parent_mean`: every family counts one, with the mean of its sub-techniques; the technique itself where it has none in scope.
 * - `parent_any`: every family counts one, with the best status of the technique and its sub-techniques.
 *
 * What is counted is worth 1 when validated, 0.5 when partial and 0 otherwise; coverage is the sum in percent of the count. Of a tactic, the same is done with the
 * techniques that have it, as if there were no others.
 */
export const ROLLUPS = ['flat', 'leaf', 'parent_mean', 'parent_any'] as const;
export type Rollup = (typeof ROLLUPS)[number];

/** Counted up when what a roll-up means changes, so that snapshots of both meanings are not compared. */
export const FORMULA_VERSION = 1;

/** The statuses that are in scope, best first. */
export const COUNTED_STATUSES = ['validated', 'partial', 'in_progress', 'not_covered', 'not_evaluated'] as const;
export type CountedStatus = (typeof COUNTED_STATUSES)[number];

/** A technique in force. */
export interface RollUpMember {
  id: string;
  parentId: string | null;
  status: TechniqueStatus;
}

/**
 * Counts add up to `total`. A family of `parent_mean` counts as validated when all that is counted of it is, as partial when some of it is validated or partial, and
 * otherwise by its best status; its coverage follows from the means and not from these counts.
 */
export interface RolledUp extends Record<CountedStatus, number> {
  total: number;
  /** Null where nothing is in scope. */
  coveragePct: number | null;
}

/** What {@link rolledUpSql} does, of techniques in memory. */
export function rollUp(rollup: Rollup, members: Iterable<RollUpMember>): RolledUp {
  const families = new Map<string, Family>();
  for (const { id, parentId, status } of members) {
    if (status === 'not_applicable') continue;
    const family = families.get(parentId ?? id) ?? { own: [], subs: [] };
    families.set(parentId ?? id, family);
    (parentId === null ? family.own : family.subs).push(status);
  }
  const rolledUp = { total: 0, coveragePct: null, ...noCounts() } as RolledUp;
  let points = 0;
  for (const family of families.values()) {
    for (const unit of unitsOf(rollup, family)) {
      rolledUp.total += 1;
      rolledUp[unit.status] += 1;
      points += unit.points;
    }
  }
  if (rolledUp.total > 0)
    rolledUp.coveragePct = rollup === 'parent_mean' ? points / rolledUp.total : coveragePct(rolledUp);
  return rolledUp;
}

interface Family {
  own: CountedStatus[];
  subs: CountedStatus[];
}

/** What counts one, and what it is worth in percent. */
interface Unit {
  status: CountedStatus;
  points: number;
}

function unitsOf(rollup: Rollup, { own, subs }: Family): Unit[] {
  const leaves = subs.length > 0 ? subs : own;
  switch (rollup) {
    case 'flat':
      return [...own, ...subs].map(unitOf);
    case 'leaf':
      return leaves.map(unitOf);
    case 'parent_any':
      return [unitOf(best([...own, ...subs]))];
    case 'parent_mean': {
      const points = leaves.reduce((sum, status) => sum + unitOf(status).points, 0) / leaves.length;
      return [{ status: points === 100 ? 'validated' : points > 0 ? 'partial' : best(leaves), points }];
    }
  }
}

function unitOf(status: CountedStatus): Unit {
  return { status, points: status === 'validated' ? 100 : status === 'partial' ? 50 : 0 };
}

function best(statuses: readonly CountedStatus[]): CountedStatus {
  return COUNTED_STATUSES.find((status) => statuses.includes(status))!;
}

function noCounts(): Record<CountedStatus, number> {
  return { validated: 0, partial: 0, in_progress: 0, not_covered: 0, not_evaluated: 0 };
}
