import type { SqlRunner } from '../../database/index.js';
import { asOf, sqlInstant, VERSIONED_POSTURE, VERSIONED_QUEUE, VERSIONED_SNAPSHOTS } from './as-of-sql.js';
import { LivePostureReader, type PostureRelations } from './posture-reader.js';
import { statusesBetween } from './statuses-on-footing.js';

/**
 * Reads posture as it was at an instant. What had no version yet is missing, instead of being guessed: so is what retention has removed. A change counts from the
 * instant that its writer's clock showed, which is a little before its commit. The catalogue is that of today: names and tactics have no history.
 */
export class AsOfPostureReader extends LivePostureReader {
  override readonly relations: PostureRelations;

  constructor(runner: SqlRunner, at: Date) {
    super(runner);
    this.relations = relationsAsOf(sqlInstant(at));
  }
}

/** @param instant SQL of an instant, which may be a column of a query around those that read the relations. */
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
