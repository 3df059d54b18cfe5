import type { EntityManager } from 'typeorm';
import { isInAudience } from '../audience/audience-rules.js';

/**
 * Adds a notification of each alert for each member of its audience, written when the alert opened and read 90 minutes
 * later. It ignores preferences. Only the generated demo may use it.
 */
export async function addPastNotifications(manager: EntityManager, organizationId: string): Promise<void> {
  await manager.query(
    `INSERT INTO notification (id, organization_id, user_id, alert_id, event, severity, title, message, created_at, read_at)
     SELECT vedette_uuidv7(), a.organization_id, m.user_id, a.id, 'alert.fired', a.severity, a.title, a.message, a.created_at,
       a.created_at + interval '90 minutes'
     FROM alert_instance a
     JOIN membership m ON m.organization_id = a.organization_id AND ${isInAudience('m', 'a.severity')}
     WHERE a.organization_id = $1`,
    [organizationId],
  );
}
