import { type SqlRunner, queryRows } from '../../database/index.js';
import { statusesBetween, type StatusesSpan } from './statuses-on-footing.js';

/**
 * The port through which evaluators read posture: relations to write SQL against, and a way to run it. The same SQL serves now, a preview and a replay of the
 * past, because what stands behind the names is the reader's business.
 */
export interface PostureReader {
  readonly relations: PostureRelations;
  query<Row>(sql: string, parameters: unknown[]): Promise<Row[]>;
  /** Runs `work` so that its failure leaves the reader usable. */
  isolated<T>(work: () => Promise<T>): Promise<T>;
}

/** SQL names of relations, to be interpolated as they are. Their columns: */
export interface PostureRelations {
  /** `organization_id, technique_id, status_global, last_review_date, risk_score, owner_id, tags, in_force, mitre_last_modified`. */
  posture: string;
  /** `id, attack_id, name, ...`: the shared catalogue. */
  technique: string;
  /** `id, attack_id, domain, shortname, name`: the tactics of the shared catalogue. */
  tactic: string;
  /** `id, organization_id, technique_id, status, created_at, due_at`. */
  revalidationItem: string;
  /**
   * `organization_id, snapshot_date, coverage_pct, total, validated, partial, ...`, and `rollup, formula_version, scope, attack_versions, tactics, taken_at,
   * baseline_pct, baseline_date, baseline_tactics`; `source, valid_from`: one row a day.
   */
  snapshot: string;
  /**
   * A sub-select `organization_id, technique_id, before, after, tactics` of the statuses at both ends of a span of the history, the older ones on the footing of the
   * newer. The organisation is the one whose history tells who changed them, whatever rule is measured. A status is null at the end at which the technique was not
   * within the scope that is measured; `tactics` are the short names that the scope is limited to, null where it is to none.
   */
  statusesBetween(this: void, span: StatusesSpan): string;
}

/** SQL condition that a row of {@link PostureRelations.posture} is in scope: the techniques that every count is over. */
export function inScope(alias: string): string {
  return `${alias}.in_force AND ${alias}.status_global <> 'not_applicable'`;
}

/** The tables themselves. */
export const LIVE_RELATIONS: PostureRelations = {
  posture: 'posture',
  technique: 'technique',
  tactic: 'tactic',
  revalidationItem: 'revalidation_item',
  snapshot: 'posture_snapshot',
  statusesBetween,
};

/** Reads what is committed now, or what the transaction of the given manager sees. */
export class LivePostureReader implements PostureReader {
  readonly relations: PostureRelations = LIVE_RELATIONS;

  /** @param runner the manager of an open transaction: {@link isolated} uses a savepoint of it. */
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
