import { parseInstant } from '../../common/instant.js';
import { toIso } from '../../common/wire.js';
import type { RevalidationItemResponse } from './revalidation-queue.response.js';
import type { QueueItem } from './revalidation-queue.service.js';

export function toRevalidationItemResponse(item: QueueItem): RevalidationItemResponse {
  return {
    id: item.id,
    technique_id: item.techniqueId,
    attack_id: item.attackId,
    technique_name: item.techniqueName,
    status: item.status,
    source: item.source,
    outcome: item.outcome,
    reviewed_at: toIso(item.reviewedAt),
    reason: item.reason,
    assignee_id: item.assigneeId,
    assignee_email: item.assigneeEmail,
    due_at: toIso(item.dueAt),
    created_by: item.createdBy,
    created_at: toIso(item.createdAt),
    updated_at: toIso(item.updatedAt),
    completed_at: toIso(item.completedAt),
  };
}

/** Parses an instant that validation has accepted. Undefined: left out; null: cleared. */
export function toDueAt(sent: string | null | undefined): Date | null | undefined {
  return typeof sent === 'string' ? parseInstant(sent) : sent;
}
