import { utcDate } from '../../../common/instant-text.js';
import { VERSIONED_POSTURE, VERSIONED_QUEUE, VERSIONED_SNAPSHOTS, type VersionedTable } from '../as-of-sql.js';
import type { PostureReader, PostureRelations } from '../posture-reader.js';
import type { StatusesSpan } from '../restated-statuses.js';
import { IS_WITHIN, scopesOf, withinAt, type ScopedRule } from './scope-sql.js';
import { scopedSnapshots } from './scoped-snapshots.js';

/** Reads through another reader, with {@link scopedRelations}. */
export class ScopedPostureReader implements PostureReader {
  readonly relations: PostureRelations;

  constructor(
    private readonly reader: PostureReader,
    rules: readonly ScopedRule[],
    at: Date,
  ) {
    this.relations = scopedRelations(reader.relations, rules, utcDate(at));
  }

  query<Row>(sql: string, parameters: unknown[]): Promise<Row[]> {
    return this.reader.query<Row>(sql, parameters);
  }

  isolated<T>(work: () => Promise<T>): Promise<T> {
    return this.reader.isolated(work);
  }
}

/**
 * Adds to the relations, for each given rule, a virtual organisation that has only the techniques within the rule's
 * scope. Its id is the rule's id. A rule measured under that id is measured within its scope, by the same statement as
 * all other rules (ADR 0013).
 * @param today the newest day of snapshots to count; null: all.
 */
export function scopedRelations(
  relations: PostureRelations,
  rules: readonly ScopedRule[],
  today: string | null = null,
): PostureRelations {
  const { posture, technique, tactic, revalidationItem, snapshot } = relations;
  const scopes = scopesOf(rules);
  const withinPosture = `
        SELECT s.rule_id, ${columnsOf('p', VERSIONED_POSTURE)}
        FROM ${scopes} JOIN ${posture} p ON p.organization_id = s.organization_id JOIN ${technique} t ON t.id = p.technique_id
        WHERE ${IS_WITHIN}`;
  const withinQueue = `
        SELECT s.rule_id, ${columnsOf('q', VERSIONED_QUEUE)}
        FROM ${scopes} JOIN ${revalidationItem} q ON q.organization_id = s.organization_id
        JOIN ${posture} p ON p.organization_id = q.organization_id AND p.technique_id = q.technique_id JOIN ${technique} t ON t.id = q.technique_id
        WHERE ${IS_WITHIN}`;
  return {
    posture: withScoped(posture, VERSIONED_POSTURE, withinPosture),
    technique,
    tactic,
    revalidationItem: withScoped(revalidationItem, VERSIONED_QUEUE, withinQueue),
    snapshot: withScoped(snapshot, VERSIONED_SNAPSHOTS, scopedSnapshots(scopes, relations, today)),
    statusesBetween: (span) => withScopedStatuses(scopes, relations, span),
  };
}

/** A UNION ALL, because the planner plans each branch separately: rows without a scope keep their index scans. */
function withScoped(relation: string, table: VersionedTable, scoped: string): string {
  return `(
      SELECT plain.${table.key.join(', plain.')}, ${columnsOf('plain', table, [])} FROM ${relation} plain
      UNION ALL (${scoped})
    )`;
}

/** The columns of a relation after `organization_id`: the rest of the key, and the others. */
function columnsOf(alias: string, { key, columns }: VersionedTable, rest = key.slice(1)): string {
  return [...rest, ...columns].map((name) => `${alias}.${name}`).join(', ');
}

/**
 * The statuses of the techniques within the scope, under the id of the organisation that has them. Owners and tags have
 * a history, so each end uses the scope at its own instant; a restated older end uses the scope at the newer.
 */
function withScopedStatuses(
  scopes: string,
  { statusesBetween, technique }: PostureRelations,
  span: StatusesSpan,
): string {
  const within = withinAt(technique, { was_within: span.from, is_within: span.until });
  return `(
      SELECT * FROM ${statusesBetween(span)} plain
      UNION ALL (
        SELECT * FROM (
          SELECT n.organization_id, n.technique_id, CASE WHEN CASE WHEN ${span.isRestated} THEN w.is_within ELSE w.was_within END THEN n.before END AS before,
            CASE WHEN w.is_within THEN n.after END AS after, s.tactics
          FROM ${scopes} CROSS JOIN LATERAL ${statusesBetween({ ...span, organizationId: 's.organization_id' })} n CROSS JOIN LATERAL ${within} w
          WHERE s.rule_id = ${span.organizationId}
        ) scoped
        WHERE before IS NOT NULL OR after IS NOT NULL
      )
    )`;
}
