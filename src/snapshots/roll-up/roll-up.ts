import type { TechniqueStatus } from '../../posture/words/index.js';
import { coveragePct } from './coverage.js';

/**
 * How techniques and sub-techniques in scope are counted together. A family is a technique and its sub-techniques; a
 * sub-technique belongs to its family even if its parent is not in scope.
 *
 * - `flat`: every technique and sub-technique counts as one.
 * - `leaf`: every sub-technique counts as one, and so does every technique without sub-techniques in scope.
 * - `parent_mean`: every family counts as one, with the mean of its sub-techniques, or of the technique if it has none.
 * - `parent_any`: every family counts as one, with the best status of the technique and its sub-techniques.
 *
 * Validated is worth 1, partial 0.5, and other statuses 0; coverage is the sum in percent of the count. The same
 * applies to one tactic, as if there were only the techniques of that tactic.
 */
export const ROLLUPS = ['flat', 'leaf', 'parent_mean', 'parent_any'] as const;
export type Rollup = (typeof ROLLUPS)[number];

/** Increased when the meaning of a roll-up changes, so that snapshots with different meanings are not compared. */
export const FORMULA_VERSION = 1;

/** The statuses in scope, best first. */
export const COUNTED_STATUSES = ['validated', 'partial', 'in_progress', 'not_covered', 'not_evaluated'] as const;
export type CountedStatus = (typeof COUNTED_STATUSES)[number];

/** A technique in force. */
export interface RollUpMember {
  id: string;
  parentId: string | null;
  status: TechniqueStatus;
}

/**
 * The counts add up to `total`. With `parent_mean`, a family counts as validated if all its counted techniques are, as
 * partial if any is validated or partial, and otherwise by its best status; coverage is the mean of the families, not
 * derived from these counts.
 */
export interface RolledUp extends Record<CountedStatus, number> {
  total: number;
  /** Null if nothing is in scope. */
  coveragePct: number | null;
}

/**
 * Rolls up techniques in memory. `rolledUpSql` in `roll-up-sql.ts` states the same rule in SQL;
 * `test/integration/snapshot-rollup.test.ts` holds the two equal.
 */
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
  if (rolledUp.total > 0) {
    rolledUp.coveragePct = rollup === 'parent_mean' ? points / rolledUp.total : coveragePct(rolledUp);
  }
  return rolledUp;
}

interface Family {
  own: CountedStatus[];
  subs: CountedStatus[];
}

/** One counted unit, and its worth in percent. */
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
