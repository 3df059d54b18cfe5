import { VERSIONED_POSTURE, VERSIONED_QUEUE, VERSIONED_SNAPSHOTS, type VersionedTable } from '../as-of-sql.js';
import type { PostureReader, PostureRelations } from '../posture-reader.js';
import type { StatusesSpan } from '../statuses-on-footing.js';
import { IS_WITHIN, scopesOf, withinAt, type ScopedRule } from './scope-sql.js';
import { scopedSnapshots } from './scoped-snapshots.js';

/** Reads what another reader reads, by {@link scopedRelations}. */
export class ScopedPostureReader implements PostureReader {
  readonly relations: PostureRelations;

  constructor(
    private readonly reader: PostureReader,
    rules: readonly ScopedRule[],
  ) {
    this.relations = scopedRelations(reader.relations, rules);
  }

  query<Row>(sql: string, parameters: unknown[]): Promise<Row[]> {
    return this.reader.query<Row>(sql, parameters);
  }

  isolated<T>(work: () => Promise<T>): Promise<T> {
    return this.reader.isolated(work);
  }
}

/**
 * Adds to relations, for each of the given rules, an organisation that knows only what is within the rule's scope. Its id is the rule's, which no organisation has.
 * Who measures a rule as of that organisation measures it within its scope, by the statement that measures all others too.
 */
export function scopedRelations(relations: PostureRelations, rules: readonly ScopedRule[]): PostureRelations {
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
    snapshot: withScoped(snapshot, VERSIONED_SNAPSHOTS, scopedSnapshots(scopes, relations)),
    statusesBetween: (span) => withScopedStatuses(scopes, relations, span),
  };
}

/** Both as one relation, each branch of which the planner takes by itself: what is not within a scope is read by the indexes that it always was. */
function withScoped(relation: string, table: VersionedTable, scoped: string): string {
  return `(
      SELECT plain.${table.key.join(', plain.')}, ${columnsOf('plain', table, [])} FROM ${relation} plain
      UNION ALL (${scoped})
    )`;
}

/** The columns of a relation behind its organisation: the rest of the key, and the others. */
function columnsOf(alias: string, { key, columns }: VersionedTable, rest = key.slice(1)): string {
  return [...rest, ...columns].map((name) => `${alias}.${name}`).join(', ');
}

/**
 * The statuses of what was within the scope, under the id of the organisation whose they are. Owners and tags have a history: what was counted at an end is what was
 * within the scope then, and where the older end is restated, what is within it at the newer.
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
