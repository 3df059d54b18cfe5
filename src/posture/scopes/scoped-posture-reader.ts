import pg from 'pg';
import {
  asOf,
  VERSIONED_POSTURE,
  VERSIONED_QUEUE,
  VERSIONED_SNAPSHOTS,
  type VersionedTable,
} from '../history/posture-as-of.js';
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
  const { posture, technique, revalidationItem, snapshot } = relations;
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
 * What the newest snapshots would have said of the techniques within the scope, counted from the posture as it was when each was taken. One that was brought in has no
 * posture behind it and is left out, and so is one at which nothing was within the scope.
 */
function scopedSnapshots(scopes: string, snapshot: string, technique: string): string {
  const count = (status: string): string => `count(*) FILTER (WHERE p.status_global = '${status}')`;
  return `
        SELECT s.rule_id, taken.snapshot_date, (100 * c.validated + 50 * c.partial)::double precision / c.total, c.total::integer, c.validated::integer,
          c.partial::integer, c.in_progress::integer, c.not_covered::integer, c.not_evaluated::integer, taken.source
        FROM ${scopes}
        CROSS JOIN LATERAL (
          SELECT n.snapshot_date, n.valid_from, n.source FROM ${snapshot} n
          WHERE n.organization_id = s.organization_id AND n.source <> 'historical' ORDER BY n.snapshot_date DESC LIMIT ${SNAPSHOTS_COMPARED}
        ) taken
        CROSS JOIN LATERAL (
          SELECT nullif(count(*), 0) AS total, ${SNAPSHOT_STATUSES.map((status) => `${count(status)} AS ${status}`).join(', ')}
          FROM ${asOf(VERSIONED_POSTURE, 'taken.valid_from')} p JOIN ${technique} t ON t.id = p.technique_id
          WHERE p.organization_id = s.organization_id AND ${inScope('p')} AND ${IS_WITHIN}
        ) c
        WHERE c.total IS NOT NULL`;
}

const SNAPSHOT_STATUSES = ['validated', 'partial', 'in_progress', 'not_covered', 'not_evaluated'] as const;
