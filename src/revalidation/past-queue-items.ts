import type { EntityManager } from 'typeorm';
import { newId } from '../common/ids.js';
import { insertRecords } from '../database/index.js';

/** An item of the queue that was added in the past, and may be finished since. */
export interface PastQueueItem {
  techniqueId: string;
  status: 'pending' | 'in_progress' | 'done' | 'cancelled';
  reason: string;
  assigneeId: string | null;
  createdBy: string;
  createdAt: Date;
  updatedAt: Date;
  dueAt: Date;
  completedAt: Date | null;
}

/** Adds items with their dates in the past. A finished item was pending before. Only the generated demo may use it. */
export async function addPastQueueItems(
  manager: EntityManager,
  organizationId: string,
  items: readonly PastQueueItem[],
): Promise<void> {
  await insertRecords(
    manager,
    'revalidation_item',
    organizationId,
    items.map((item) => ({
      id: newId(),
      technique_id: item.techniqueId,
      status: item.status,
      reason: item.reason,
      assignee_id: item.assigneeId,
      due_at: item.dueAt,
      created_by: item.createdBy,
      created_at: item.createdAt,
      updated_at: item.updatedAt,
      completed_at: item.completedAt,
      version: item.completedAt === null ? 1 : 2,
      valid_from: item.updatedAt,
    })),
  );
  await manager.query(
    `INSERT INTO revalidation_item_history (organization_id, id, technique_id, version, valid_from, valid_to, status, due_at, created_at, changed_by)
     SELECT organization_id, id, technique_id, 1, created_at, valid_from, 'pending', due_at, created_at, created_by
     FROM revalidation_item WHERE organization_id = $1 AND version = 2`,
    [organizationId],
  );
}
