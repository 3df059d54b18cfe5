import type { RevalidationPolicy } from './revalidation-policy.entity.js';

export type PolicySettings = Pick<RevalidationPolicy, 'isEnabled' | 'tiers' | 'dueInDays'>;

/** What holds until an admin says otherwise. It is not enabled: a queue that fills by itself, and the alerts of its backlog, would surprise whoever works it by hand. */
export const DEFAULT_POLICY: PolicySettings = {
  isEnabled: false,
  tiers: [
    { from_risk: 75, days: 30 },
    { from_risk: 50, days: 90 },
    { from_risk: 0, days: 180 },
  ],
  dueInDays: 14,
};
