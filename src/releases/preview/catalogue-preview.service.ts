import { Injectable } from '@nestjs/common';
import { CatalogueStore, planImport, type CatalogueSlice } from '../../catalogue/index.js';
import type { AttackDomain } from '../../catalogue/words/index.js';
import { queryRows, Transactions } from '../../database/index.js';
import { SnapshotPolicies, type SnapshotPolicyFacts } from '../../snapshots/index.js';
import { refuseOlder, releaseOf } from '../import/catalogue-import.service.js';
import { CatalogueImports, type ReadFileOptions } from '../import/catalogue-imports.service.js';
import { planImpact, type ReleaseImpact, type StandingTechnique } from './plan-impact.js';

/** The effect of loading a release on one organisation. */
export interface ReleasePreview extends ReleaseImpact {
  domain: AttackDomain;
  attackVersion: string;
  /** The loaded release of the domain; null if there is none. */
  loadedAttackVersion: string | null;
  policy: Pick<SnapshotPolicyFacts, 'rollup' | 'scope'>;
}

/** Computes the effect of an import on an organisation, and writes nothing. */
@Injectable()
export class CataloguePreview {
  constructor(
    private readonly imports: CatalogueImports,
    private readonly store: CatalogueStore,
    private readonly policies: SnapshotPolicies,
    private readonly transactions: Transactions,
  ) {}

  /** @throws DomainError for the same reasons as the import of the file. */
  async preview(
    organizationId: string,
    file: string,
    { allowOlder, ...options }: ReadFileOptions & { allowOlder?: boolean },
  ): Promise<ReleasePreview> {
    return this.previewSlice(organizationId, await this.imports.read(file, options), { allowOlder });
  }

  /** Like {@link preview}, for a bundle that is already read. */
  async previewSlice(
    organizationId: string,
    slice: CatalogueSlice,
    { allowOlder }: { allowOlder?: boolean } = {},
  ): Promise<ReleasePreview> {
    const attackVersion = releaseOf(slice);
    const { rollup, scope } = await this.policies.get(organizationId);
    return this.transactions.run(async (manager) => {
      await manager.query('SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY');
      const loaded = await this.store.loadedVersion(manager, slice.domain);
      refuseOlder(slice.domain, attackVersion, loaded, allowOlder);
      const plan = planImport(await this.store.techniques(manager, slice), slice);
      const standing = await queryRows<StandingTechnique>(
        manager,
        `SELECT t.id, t.attack_id AS "attackId", t.name, t.domain, t.parent_id AS "parentId", t.tactics, t.platforms,
           t.technique_version AS "techniqueVersion", t.in_force AS "inForce", p.status_global AS status, p.last_review_date AS "lastReviewDate",
           p.risk_score AS "riskScore", p.owner_id AS "ownerId", p.tags
         FROM posture p JOIN technique t ON t.id = p.technique_id WHERE p.organization_id = $1`,
        [organizationId],
      );
      const impact = planImpact(plan, standing, { rollup, scope });
      return { domain: slice.domain, attackVersion, loadedAttackVersion: loaded, policy: { rollup, scope }, ...impact };
    });
  }
}
