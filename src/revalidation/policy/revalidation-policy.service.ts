import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { Clock } from '../../common/clock.js';
import { conflict, invalidInput, type FieldError } from '../../common/errors/index.js';
import { queryRows, Transactions } from '../../database/index.js';
import { inScope } from '../../posture/index.js';
import { DEFAULT_POLICY, type PolicySettings } from './default-policy.js';
import { RevalidationPolicy, type RevalidationTier } from './revalidation-policy.entity.js';
import { StaleValidations } from './stale-validations.js';

export type StoredPolicy = PolicySettings & { updatedAt: Date | null; updatedBy: string | null };

@Injectable()
export class RevalidationPolicyService {
  constructor(
    private readonly dataSource: DataSource,
    private readonly transactions: Transactions,
    private readonly stale: StaleValidations,
    private readonly clock: Clock,
  ) {}

  async get(organizationId: string): Promise<StoredPolicy> {
    const policy = await this.dataSource.getRepository(RevalidationPolicy).findOneBy({ organizationId });
    return policy ?? { ...DEFAULT_POLICY, updatedAt: null, updatedBy: null };
  }

  /** Takes effect with the next daily run, or with {@link run}. */
  async put(organizationId: string, settings: PolicySettings, actorId: string): Promise<StoredPolicy> {
    const tiers = checkedTiers(settings.tiers);
    const policy = { ...settings, tiers, organizationId, updatedAt: this.clock.now(), updatedBy: actorId };
    await this.dataSource.getRepository(RevalidationPolicy).upsert(policy, ['organizationId']);
    return this.get(organizationId);
  }

  /**
   * Applies the policy now.
   * @param isDryRun only counts. This also works while the policy is disabled, so that its effect can be checked first.
   * @throws DomainError `conflict` if the policy is disabled.
   */
  async run(organizationId: string, isDryRun: boolean): Promise<{ added: number; withoutReviewDate: number }> {
    const policy = await this.get(organizationId);
    if (!policy.isEnabled && !isDryRun) {
      throw conflict(
        'the revalidation policy is not enabled: an admin can enable it with PUT /revalidation-policy; dry_run works without that',
      );
    }
    const added = isDryRun
      ? await this.stale.count(organizationId, policy, this.clock.now())
      : await this.transactions.run((manager) => this.stale.enqueue(manager, this.clock.now(), organizationId));
    const [undated] = await queryRows<{ count: number }>(
      this.dataSource,
      `SELECT count(*)::integer AS count FROM posture p
       WHERE p.organization_id = $1 AND ${inScope('p')} AND p.status_global = 'validated' AND p.last_review_date IS NULL`,
      [organizationId],
    );
    return { added, withoutReviewDate: undated!.count };
  }
}

/** Highest risk first. */
function checkedTiers(sent: readonly RevalidationTier[]): RevalidationTier[] {
  const errors = sent.flatMap(({ from_risk: risk }, index): FieldError[] => {
    const first = sent.findIndex((tier) => tier.from_risk === risk);
    return first < index
      ? [{ field: `tiers[${index}].from_risk`, message: `is ${risk}, as in tiers[${first}]: give each tier its own` }]
      : [];
  });
  if (!sent.some((tier) => tier.from_risk === 0)) {
    errors.push({
      field: 'tiers',
      message: 'must have a tier with from_risk 0, so that every technique belongs to one',
    });
  }
  if (errors.length > 0) throw invalidInput(errors);
  return sent.map(({ from_risk, days }) => ({ from_risk, days })).sort((a, b) => b.from_risk - a.from_risk);
}
