import type { RevalidationPolicy } from './revalidation-policy.entity.js';

export type PolicySettings = Pick<RevalidationPolicy, 'isEnabled' | 'tiers' | 'dueInDays'>;

/**
 * The policy of an organisation that has not set one. It is disabled, because a queue that fills automatically, and the
 * alerts about it, would surprise teams that fill it by hand.
 */
export const DEFAULT_POLICY: PolicySettings = {
  isEnabled: false,
  tiers: [
    { from_risk: 75, days: 30 },
    { from_risk: 50, days: 90 },
    { from_risk: 0, days: 180 },
  ],
  dueInDays: 14,
};
