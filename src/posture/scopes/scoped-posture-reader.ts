import pg from 'pg';
import {
  asOf,
  VERSIONED_POSTURE,
  VERSIONED_QUEUE,
  VERSIONED_SNAPSHOTS,
  type VersionedTable,
} from '../history/posture-as-of.js';
import { statusesOnFooting } from '../history/statuses-on-footing.js';
import { inScope, type PostureReader, type PostureRelations } from '../posture-reader.js';
import type { TechniqueScope } from './technique-scope.js';

/** A rule whose scope lets not everything pass. */
export interface ScopedRule {
  ruleId: string;
  organizationId: string;
  scope: TechniqueScope;
}

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
    snapshot: withScoped(snapshot, VERSIONED_SNAPSHOTS, scopedSnapshots(scopes, snapshot, technique)),
  };
}

/** What is said of a technique `t` and its posture `p` by a scope `s`. */
const IS_WITHIN = `(s.domains IS NULL OR t.domain = ANY (s.domains))
          AND (s.tactics IS NULL OR t.tactics && s.tactics)
          AND (s.platforms IS NULL OR t.platforms && s.platforms)
          AND (s.attack_ids IS NULL OR t.attack_id = ANY (s.attack_ids) OR split_part(t.attack_id, '.', 1) = ANY (s.attack_ids))
          AND (s.owners IS NULL OR p.owner_id = ANY (s.owners))
          AND (s.tags IS NULL OR p.tags && s.tags)
          AND (s.sub_techniques IS NULL OR t.is_subtechnique = (s.sub_techniques = 'only'))`;

/** The scopes as a relation `s`. They stand in the statement itself, because a rule that is tried is saved nowhere. */
function scopesOf(rules: readonly ScopedRule[]): string {
  const rows = rules.map(({ ruleId, organizationId, scope }) => ({
    rule_id: ruleId,
    organization_id: organizationId,
    ...scope,
  }));
  return `jsonb_to_recordset(${pg.escapeLiteral(JSON.stringify(rows))}) AS s (rule_id uuid, organization_id uuid, domains text[], tactics text[],
          platforms text[], attack_ids text[], owners uuid[], tags text[], sub_techniques text)`;
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

/** As many of the newest snapshots are counted again as a rule compares. */
const SNAPSHOTS_COMPARED = 2;

/**
 * What the newest snapshots would have said of the techniques within the scope, each counting for itself (`flat`), counted from the posture as it was when each was
 * taken. Where the ATT&CK release changed between them, the older is counted on the newer's catalogue too. One that was brought in has no posture behind it and is
 * left out, and so is one at which nothing was within the scope.
 */
function scopedSnapshots(scopes: string, snapshot: string, technique: string): string {
  const count = (status: string): string => `count(*) FILTER (WHERE p.status_global = '${status}')`;
  const footing = statusesOnFooting({
    organizationId: 's.organization_id',
    from: 'taken.older_taken_at',
    until: 'taken.taken_at',
  });
  return `
        SELECT s.rule_id, taken.snapshot_date, (100 * c.validated + 50 * c.partial)::double precision / c.total, c.total::integer, c.validated::integer,
          c.partial::integer, c.in_progress::integer, c.not_covered::integer, c.not_evaluated::integer, taken.source, 'flat', taken.formula_version, NULL::jsonb,
          taken.attack_versions, NULL::jsonb, taken.taken_at, b.baseline_pct, CASE WHEN b.baseline_pct IS NOT NULL THEN taken.older_date END, NULL::jsonb
        FROM ${scopes}
        CROSS JOIN LATERAL (
          SELECT n.snapshot_date, n.taken_at, n.source, n.formula_version, n.attack_versions, lead(n.snapshot_date) OVER newest AS older_date,
            lead(n.taken_at) OVER newest AS older_taken_at, lead(n.attack_versions) OVER newest AS older_versions
          FROM ${snapshot} n WHERE n.organization_id = s.organization_id AND n.source <> 'historical' AND n.taken_at IS NOT NULL
          WINDOW newest AS (ORDER BY n.snapshot_date DESC) ORDER BY n.snapshot_date DESC LIMIT ${SNAPSHOTS_COMPARED}
        ) taken
        CROSS JOIN LATERAL (
          SELECT nullif(count(*), 0) AS total, ${SNAPSHOT_STATUSES.map((status) => `${count(status)} AS ${status}`).join(', ')}
          FROM ${asOf(VERSIONED_POSTURE, 'taken.taken_at')} p JOIN ${technique} t ON t.id = p.technique_id
          WHERE p.organization_id = s.organization_id AND ${inScope('p')} AND ${IS_WITHIN}
        ) c
        LEFT JOIN LATERAL (
          SELECT (100 * count(*) FILTER (WHERE f.status_global = 'validated') + 50 * count(*) FILTER (WHERE f.status_global = 'partial'))::double precision
            / nullif(count(*), 0) AS baseline_pct
          FROM ${footing} f JOIN posture p ON p.organization_id = s.organization_id AND p.technique_id = f.technique_id JOIN ${technique} t ON t.id = f.technique_id
          WHERE f.status_global <> 'not_applicable' AND ${IS_WITHIN}
        ) b ON taken.older_versions <> taken.attack_versions
        WHERE c.total IS NOT NULL`;
}

const SNAPSHOT_STATUSES = ['validated', 'partial', 'in_progress', 'not_covered', 'not_evaluated'] as const;
