import pg from 'pg';
import { asOf, VERSIONED_POSTURE } from '../as-of-sql.js';
import type { TechniqueScope } from './technique-scope.js';

/** A rule whose scope limits it. */
export interface ScopedRule {
  ruleId: string;
  organizationId: string;
  scope: TechniqueScope;
}

/** The conditions of a scope `s` on a technique `t`. */
const TECHNIQUE_IS_WITHIN = `(s.domains IS NULL OR t.domain = ANY (s.domains))
          AND (s.tactics IS NULL OR t.tactics && s.tactics)
          AND (s.platforms IS NULL OR t.platforms && s.platforms)
          AND (s.attack_ids IS NULL OR t.attack_id = ANY (s.attack_ids) OR split_part(t.attack_id, '.', 1) = ANY (s.attack_ids))
          AND (s.sub_techniques IS NULL OR t.is_subtechnique = (s.sub_techniques = 'only'))`;

/** The conditions of a scope `s` on the posture `p` of a technique. */
const POSTURE_IS_WITHIN = `(s.owners IS NULL OR p.owner_id = ANY (s.owners)) AND (s.tags IS NULL OR p.tags && s.tags)`;

/** SQL condition that a technique `t` with its posture `p` is within a scope `s`. */
export const IS_WITHIN = `${TECHNIQUE_IS_WITHIN} AND ${POSTURE_IS_WITHIN}`;

/**
 * A sub-select of one row: whether the technique `n.technique_id` was within a scope `s` at each instant, as columns
 * with the given names. `OFFSET 0` keeps its plan separate; otherwise the planner evaluates `n` once for each technique
 * of the catalogue.
 */
export function withinAt(technique: string, columns: Record<string, string>): string {
  const wasWithin = (instant: string): string => `EXISTS (
            SELECT FROM ${asOf({ ...VERSIONED_POSTURE, columns: ['owner_id', 'tags'] }, instant)} p
            WHERE p.organization_id = s.organization_id AND p.technique_id = n.technique_id AND ${POSTURE_IS_WITHIN}
          )`;
  const columnsAt = Object.entries(columns).map(([name, instant]) => `${wasWithin(instant)} AS ${name}`);
  return `(
          SELECT ${columnsAt.join(', ')} FROM ${technique} t WHERE t.id = n.technique_id AND ${TECHNIQUE_IS_WITHIN} OFFSET 0
        )`;
}

/**
 * The scopes as a relation `s`, as a literal in the statement, because the scope of a previewed rule is stored nowhere
 * (ADR 0013).
 */
export function scopesOf(rules: readonly ScopedRule[]): string {
  const rows = rules.map(({ ruleId, organizationId, scope }) => ({
    rule_id: ruleId,
    organization_id: organizationId,
    ...scope,
  }));
  return `jsonb_to_recordset(${pg.escapeLiteral(JSON.stringify(rows))}) AS s (rule_id uuid, organization_id uuid, domains text[], tactics text[],
          platforms text[], attack_ids text[], owners uuid[], tags text[], sub_techniques text)`;
}
