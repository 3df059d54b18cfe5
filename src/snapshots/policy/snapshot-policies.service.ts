import { Injectable } from '@nestjs/common';
import { DataSource, type EntityManager } from 'typeorm';
import { Clock } from '../../common/clock.js';
import { invalidField } from '../../common/errors/index.js';
import { queryRows, Transactions, type SqlRunner } from '../../database/index.js';
import { FORMULA_VERSION, type Rollup } from '../roll-up/roll-up.js';
import type { SnapshotScope } from '../snapshot-facts.js';

/** How future snapshots of an organisation are counted. */
export interface SnapshotPolicyFacts {
  rollup: Rollup;
  scope: SnapshotScope | null;
  /** Null if the policy was never changed. */
  updatedAt: Date | null;
  updatedBy: string | null;
  /** `YYYY-MM-DD` of the newest snapshot with this policy; null if the next snapshot will have none to compare with. */
  newestComparableDate: string | null;
}

/** The policies that define how snapshots are counted. */
@Injectable()
export class SnapshotPolicies {
  constructor(
    private readonly dataSource: DataSource,
    private readonly transactions: Transactions,
    private readonly clock: Clock,
  ) {}

  get(organizationId: string): Promise<SnapshotPolicyFacts> {
    return this.find(this.dataSource.manager, organizationId);
  }

  /**
   * Existing snapshots stay unchanged and are not compared with later ones.
   * @throws DomainError `invalid_input` on `scope.platforms` if the catalogue has no technique with one of them.
   */
  async change(
    organizationId: string,
    changes: { rollup?: Rollup; scope?: SnapshotScope | null },
    actorId: string,
  ): Promise<SnapshotPolicyFacts> {
    return this.transactions.run(async (manager) => {
      const scope = changes.scope && (await this.usableScope(manager, changes.scope));
      await manager.query(
        `INSERT INTO snapshot_policy AS p (organization_id, rollup, scope, updated_at, updated_by) VALUES ($1, coalesce($2, 'flat'), $3, $5, $6)
         ON CONFLICT (organization_id) DO UPDATE SET rollup = coalesce($2, p.rollup), scope = CASE WHEN $4 THEN excluded.scope ELSE p.scope END,
           updated_at = excluded.updated_at, updated_by = excluded.updated_by`,
        [
          organizationId,
          changes.rollup ?? null,
          scope ? JSON.stringify(scope) : null,
          scope !== undefined,
          this.clock.now(),
          actorId,
        ],
      );
      return this.find(manager, organizationId);
    });
  }

  /**
   * Returns the scope with sorted lists, so that equal scopes have equal texts; null if it limits nothing.
   * @throws DomainError as in {@link change}.
   */
  async usableScope(runner: SqlRunner, { domains, platforms }: SnapshotScope): Promise<SnapshotScope | null> {
    const scope = {
      ...(domains ? { domains: [...domains].sort() } : {}),
      ...(platforms ? { platforms: [...platforms].sort() } : {}),
    };
    if (platforms) {
      const [known] = await queryRows<{ unknown: string[] }>(
        runner,
        `SELECT coalesce(array_agg(p.platform ORDER BY p.platform) FILTER (WHERE NOT EXISTS (SELECT FROM technique t WHERE p.platform = ANY (t.platforms))), '{}') AS unknown
         FROM unnest($1::text[]) AS p (platform)`,
        [platforms],
      );
      if (known!.unknown.length > 0) {
        throw invalidField(
          'scope.platforms',
          `has platforms that no technique of the catalogue has: ${known!.unknown.join(', ')}`,
        );
      }
    }
    return Object.keys(scope).length > 0 ? scope : null;
  }

  private async find(manager: EntityManager, organizationId: string): Promise<SnapshotPolicyFacts> {
    const [found] = await queryRows<SnapshotPolicyFacts>(
      manager,
      `SELECT p.rollup, p.scope, p.updated_at AS "updatedAt", p.updated_by AS "updatedBy", (
         SELECT to_char(max(s.snapshot_date), 'YYYY-MM-DD') FROM posture_snapshot s
         WHERE s.organization_id = $1 AND s.rollup = p.rollup AND s.formula_version = ${FORMULA_VERSION} AND s.scope IS NOT DISTINCT FROM p.scope
       ) AS "newestComparableDate"
       FROM (
         SELECT coalesce(p.rollup, 'flat') AS rollup, p.scope, p.updated_at, p.updated_by
         FROM (SELECT $1::uuid AS organization_id) o LEFT JOIN snapshot_policy p USING (organization_id)
       ) p`,
      [organizationId],
    );
    return found!;
  }
}
