import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { loadedReleases } from '../catalogue/index.js';
import { queryRows } from '../database/index.js';
import { knownSince, AsOfPostureReader } from '../posture/index.js';
import type { ChangeCause, ExportedChange, ExportedTechnique, PastImage } from './exported-posture.js';

const FACTS = 't.attack_id AS "attackId", t.name, t.domain, t.tactics';

/** Sorts techniques by the bytes of their ids, independent of the collation of the database. */
const ORDER = 'ORDER BY t.domain, t.attack_id COLLATE "C", t.id';

interface ChangeRow extends Omit<ExportedChange, 'before' | 'after' | 'cause'> {
  /** Whether the catalogue had the technique at the earlier instant. */
  isOlder: boolean;
  beforeStatus: PastImage['statusGlobal'] | null;
  beforeReviewDate: Date | null;
  beforeRiskScore: number | null;
  beforeOwnerEmail: string | null;
  beforeInForce: boolean | null;
  afterStatus: PastImage['statusGlobal'] | null;
  afterReviewDate: Date | null;
  afterRiskScore: number | null;
  afterOwnerEmail: string | null;
  afterInForce: boolean | null;
}

/** Reads the data of exports. */
@Injectable()
export class PostureExportReader {
  constructor(private readonly dataSource: DataSource) {}

  /**
   * Techniques in force.
   * @param techniqueIds limits the result to these techniques.
   */
  async techniques(
    organizationId: string,
    { domain, techniqueIds }: { domain?: string; techniqueIds?: readonly string[] },
  ): Promise<ExportedTechnique[]> {
    return queryRows<ExportedTechnique>(
      this.dataSource,
      `SELECT ${FACTS}, p.status_global AS "statusGlobal", p.last_review_date AS "lastReviewDate", p.risk_score AS "riskScore", u.email AS "ownerEmail", p.tags
       FROM posture p JOIN technique t ON t.id = p.technique_id LEFT JOIN user_account u ON u.id = p.owner_id
       WHERE p.organization_id = $1 AND p.in_force AND ($2::text IS NULL OR t.domain = $2) AND ($3::uuid[] IS NULL OR p.technique_id = ANY ($3))
       ${ORDER}`,
      [organizationId, domain ?? null, techniqueIds ?? null],
    );
  }

  /** The techniques that differ between `from` and `to`, without those that were in force at neither instant. */
  async changes(
    organizationId: string,
    { from, to, domain }: { from: Date; to: Date; domain?: string },
  ): Promise<ExportedChange[]> {
    const at = (instant: Date): string =>
      `(SELECT * FROM ${new AsOfPostureReader(this.dataSource, instant).relations.posture} p WHERE p.organization_id = $1)`;
    const fields = (alias: string): string =>
      ['status_global', 'last_review_date', 'risk_score', 'owner_id', 'in_force']
        .map((name) => `${alias}.${name}`)
        .join(', ');
    const rows = await queryRows<ChangeRow>(
      this.dataSource,
      `SELECT ${FACTS}, t.created_at <= $3 AS "isOlder",
         a.status_global AS "beforeStatus", a.last_review_date AS "beforeReviewDate", a.risk_score AS "beforeRiskScore", ua.email AS "beforeOwnerEmail",
         a.in_force AS "beforeInForce", b.status_global AS "afterStatus", b.last_review_date AS "afterReviewDate", b.risk_score AS "afterRiskScore",
         ub.email AS "afterOwnerEmail", b.in_force AS "afterInForce"
       FROM ${at(from)} a FULL JOIN ${at(to)} b ON b.technique_id = a.technique_id
       JOIN technique t ON t.id = coalesce(b.technique_id, a.technique_id)
       LEFT JOIN user_account ua ON ua.id = a.owner_id LEFT JOIN user_account ub ON ub.id = b.owner_id
       WHERE (${fields('a')}) IS DISTINCT FROM (${fields('b')}) AND (a.in_force OR b.in_force) AND ($2::text IS NULL OR t.domain = $2)
       ${ORDER}`,
      [organizationId, domain ?? null, from],
    );
    return rows.map(toChange);
  }

  /** The start of the complete history of the organisation's posture. */
  knownSince(organizationId: string): Promise<Date | null> {
    return knownSince(this.dataSource, organizationId);
  }

  /** The domains of the catalogue, each with the release of its last import. */
  domains(): Promise<{ domain: string; attackVersion: string | null }[]> {
    return loadedReleases(this.dataSource);
  }
}

function toChange({ attackId, name, domain, tactics, ...row }: ChangeRow): ExportedChange {
  const before = row.beforeStatus && {
    statusGlobal: row.beforeStatus,
    lastReviewDate: row.beforeReviewDate,
    riskScore: row.beforeRiskScore,
    ownerEmail: row.beforeOwnerEmail,
    inForce: row.beforeInForce!,
  };
  const after = row.afterStatus && {
    statusGlobal: row.afterStatus,
    lastReviewDate: row.afterReviewDate,
    riskScore: row.afterRiskScore,
    ownerEmail: row.afterOwnerEmail,
    inForce: row.afterInForce!,
  };
  return { attackId, name, domain, tactics, before, after, cause: causeOf(before, after, row.isOlder) };
}

function causeOf(before: PastImage | null, after: PastImage | null, isOlder: boolean): ChangeCause {
  if (!before && isOlder) return 'not_known';
  return before?.inForce && after?.inForce ? 'posture' : 'catalogue';
}
