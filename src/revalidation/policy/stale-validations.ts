import { Injectable } from '@nestjs/common';
import { DataSource, type EntityManager } from 'typeorm';
import { queryRows } from '../../database/index.js';
import { PostureChanges, inScope } from '../../posture/index.js';
import type { PolicySettings } from './default-policy.js';

/** Adds techniques whose validation is older than their policy allows to the revalidation queue. */
@Injectable()
export class StaleValidations {
  constructor(
    private readonly dataSource: DataSource,
    private readonly changes: PostureChanges,
  ) {}

  /**
   * One statement for all organisations with an enabled policy, or for one of them. A technique is skipped while it has
   * an unfinished item, if the policy already queued it for this review date, or if any item of it was finished after
   * it went stale.
   * @returns how many items were added.
   */
  async enqueue(manager: EntityManager, now: Date, organizationId?: string): Promise<number> {
    const rows = await queryRows<{ organization_id: string }>(
      manager,
      `INSERT INTO revalidation_item (id, organization_id, technique_id, status, reason, due_at, created_at, updated_at, valid_from, source, stale_review_date)
       SELECT vedette_uuidv7(), s.organization_id, s.technique_id, 'pending', ${REASON}, $1::timestamptz + make_interval(secs => o.due_in_days * 86400.0),
         $1::timestamptz, $1::timestamptz, $1::timestamptz, 'policy', s.last_review_date
       FROM revalidation_policy o CROSS JOIN LATERAL (${selectStale('o.organization_id', 'o.tiers')}) s
       WHERE o.is_enabled ${organizationId === undefined ? '' : 'AND o.organization_id = $2'}
       ORDER BY s.organization_id, s.technique_id
       ON CONFLICT (organization_id, technique_id) WHERE status IN ('pending', 'in_progress') DO NOTHING
       RETURNING organization_id`,
      [now, ...(organizationId === undefined ? [] : [organizationId])],
    );
    // Sorted by id, so that two transactions that mark many organisations wait for each other instead of deadlocking.
    const organizationIds = [...new Set(rows.map((row) => row.organization_id))].sort();
    if (organizationIds.length > 0) await this.changes.mark(manager, organizationIds, 'queue');
    return rows.length;
  }

  /** How many items {@link enqueue} would add, also if the policy is disabled. */
  async count(organizationId: string, { tiers }: PolicySettings, now: Date): Promise<number> {
    const [counted] = await queryRows<{ count: number }>(
      this.dataSource,
      `SELECT count(*)::integer AS count FROM (${selectStale('$2::uuid', '$3::jsonb')}) s`,
      [now, organizationId, JSON.stringify(tiers)],
    );
    return counted!.count;
  }
}

/** The reason that the item shows. */
const REASON = `format('Validated and last reviewed on %s, more than %s ago: %s', to_char(s.last_review_date AT TIME ZONE 'UTC', 'YYYY-MM-DD'),
           CASE s.days WHEN 1 THEN '1 day' ELSE s.days || ' days' END,
           CASE WHEN s.risk_score IS NULL THEN 'it has no risk score' ELSE 'its risk score is ' || round(s.risk_score::numeric, 2)::float8 END)`;

/**
 * The stale validations of one organisation at `$1` that were not queued yet. The shortest time of any tier limits the
 * scan of the index of review dates. A validation without a review date has an unknown age and does not count, as in
 * the rule type `stale_technique`.
 */
function selectStale(organizationId: string, tiers: string): string {
  const before = (days: string): string => `$1::timestamptz - make_interval(secs => ${days} * 86400.0)`;
  return `
         SELECT p.organization_id, p.technique_id, p.last_review_date, p.risk_score, tier.days
         FROM posture p
         CROSS JOIN LATERAL (
           SELECT t.days FROM jsonb_to_recordset(${tiers}) AS t (from_risk float8, days integer)
           WHERE t.from_risk <= coalesce(p.risk_score, 0) ORDER BY t.from_risk DESC LIMIT 1
         ) tier
         WHERE p.organization_id = ${organizationId} AND ${inScope('p')} AND p.status_global = 'validated'
           AND p.last_review_date < ${before(`(SELECT min(t.days) FROM jsonb_to_recordset(${tiers}) AS t (days integer))`)}
           AND p.last_review_date < ${before('tier.days')}
           AND NOT EXISTS (
             SELECT FROM revalidation_item q WHERE q.organization_id = p.organization_id AND q.technique_id = p.technique_id AND (
               q.status IN ('pending', 'in_progress')
               OR q.stale_review_date = p.last_review_date
               OR q.completed_at >= p.last_review_date + make_interval(secs => tier.days * 86400.0))
           )`;
}
