import type { SqlRunner } from '../../database/index.js';
import { asOf, sqlInstant, VERSIONED_POSTURE, VERSIONED_QUEUE, VERSIONED_SNAPSHOTS } from './as-of-sql.js';
import { LivePostureReader, type PostureRelations } from './posture-reader.js';
import { statusesBetween } from './restated-statuses.js';

/**
 * Reads posture as it was at an instant. A technique without a version at that instant is missing. A change counts from
 * the time on its writer's clock, slightly before its commit. The catalogue is always today's.
 */
export class AsOfPostureReader extends LivePostureReader {
  override readonly relations: PostureRelations;

  constructor(runner: SqlRunner, at: Date) {
    super(runner);
    this.relations = relationsAsOf(sqlInstant(at));
  }
}

/** @param instant SQL of an instant, which may be a column of an outer query. */
export function relationsAsOf(instant: string): PostureRelations {
  return {
    posture: asOf(VERSIONED_POSTURE, instant),
    technique: 'technique',
    tactic: 'tactic',
    revalidationItem: asOf(VERSIONED_QUEUE, instant),
    snapshot: asOf(VERSIONED_SNAPSHOTS, instant),
    statusesBetween,
  };
}
