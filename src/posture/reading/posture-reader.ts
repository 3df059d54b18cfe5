import { type SqlRunner, queryRows } from '../../database/index.js';
import { statusesBetween, type StatusesSpan } from './restated-statuses.js';

/**
 * The port through which evaluators read posture: names of relations for their SQL, and a way to run it. The same SQL
 * serves the present, a preview and a replay, because each reader supplies its own relations.
 */
export interface PostureReader {
  readonly relations: PostureRelations;
  query<Row>(sql: string, parameters: unknown[]): Promise<Row[]>;
  /** Runs `work` in a savepoint, so the reader stays usable if it fails. */
  isolated<T>(work: () => Promise<T>): Promise<T>;
}

/** SQL names of relations, interpolated unchanged. Their columns: */
export interface PostureRelations {
  /**
   * `organization_id, technique_id, status_global, last_review_date, risk_score, owner_id, tags, in_force,
   * mitre_last_modified`.
   */
  posture: string;
  /** `id, attack_id, name, ...`: the shared catalogue. */
  technique: string;
  /** `id, attack_id, domain, shortname, name`: the tactics of the shared catalogue. */
  tactic: string;
  /** `id, organization_id, technique_id, status, created_at, due_at`. */
  revalidationItem: string;
  /**
   * `organization_id, snapshot_date, coverage_pct, total, validated, partial, ...`, and `rollup, formula_version,
   * scope, attack_versions, tactics, taken_at, baseline_pct, baseline_date, baseline_tactics`; `source, valid_from`:
   * one row a day.
   */
  snapshot: string;
  /**
   * A sub-select `organization_id, technique_id, before, after, tactics` of the statuses at both ends of a span of the
   * history. `before` is restated on the newer catalogue. `organization_id` is the organisation whose history has the
   * changes, also for a rule with a scope. A status is null if the technique was not within the scope then; `tactics`
   * are the short names in the scope, or null.
   */
  statusesBetween(this: void, span: StatusesSpan): string;
}

/** SQL condition that a row of {@link PostureRelations.posture} is in scope, so that counts include it. */
export function inScope(alias: string): string {
  return `${alias}.in_force AND ${alias}.status_global <> 'not_applicable'`;
}

/** The current tables. */
export const LIVE_RELATIONS: PostureRelations = {
  posture: 'posture',
  technique: 'technique',
  tactic: 'tactic',
  revalidationItem: 'revalidation_item',
  snapshot: 'posture_snapshot',
  statusesBetween,
};

/** Reads the committed state, or the state that the given manager's transaction sees. */
export class LivePostureReader implements PostureReader {
  readonly relations: PostureRelations = LIVE_RELATIONS;

  /** @param runner the manager of an open transaction: {@link isolated} uses a savepoint. */
  constructor(private readonly runner: SqlRunner) {}

  query<Row>(sql: string, parameters: unknown[]): Promise<Row[]> {
    return queryRows<Row>(this.runner, sql, parameters);
  }

  async isolated<T>(work: () => Promise<T>): Promise<T> {
    await this.runner.query('SAVEPOINT measuring');
    try {
      const result = await work();
      await this.runner.query('RELEASE SAVEPOINT measuring');
      return result;
    } catch (error) {
      await this.runner.query('ROLLBACK TO SAVEPOINT measuring');
      throw error;
    }
  }
}
