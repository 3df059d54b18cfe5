import { toIso } from '../../common/wire.js';
import type { RevalidationPolicyResponse } from './revalidation-policy.response.js';
import type { StoredPolicy } from './revalidation-policy.service.js';

export function toRevalidationPolicyResponse(policy: StoredPolicy): RevalidationPolicyResponse {
  return {
    is_enabled: policy.isEnabled,
    tiers: policy.tiers,
    due_in_days: policy.dueInDays,
    updated_at: toIso(policy.updatedAt),
    updated_by: policy.updatedBy,
  };
}
