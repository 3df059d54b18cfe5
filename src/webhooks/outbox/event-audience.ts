import { Injectable } from '@nestjs/common';
import type { Severity } from '../../common/alerting.js';
import { invalidField } from '../../common/errors/index.js';
import { queryRows, type SqlRunner } from '../../database/index.js';
import type { SubscribableEvent } from '../endpoints/webhook-events.js';
import { endpointFilter } from './endpoint-filter.js';

/** An endpoint that gets an event. */
export interface ReceivingEndpoint {
  id: string;
  name: string;
}

/** Finds the endpoints that would get an event, by the rules that {@link EventWriter} applies. */
@Injectable()
export class EventAudience {
  /**
   * Sorted by name.
   * @throws DomainError `invalid_input` on `webhook_id` when the organisation has no such endpoint.
   */
  async of(
    runner: SqlRunner,
    organizationId: string,
    event: { type: SubscribableEvent; severity: Severity; ruleType: string; directEndpointId: string | null },
  ): Promise<ReceivingEndpoint[]> {
    const { type, severity, ruleType, directEndpointId } = event;
    const facts = { type: '$2', directEndpointId: '$3::uuid', severity: '$4::text', ruleType: '$5::text' };
    const rows = await queryRows<ReceivingEndpoint & { isReceiving: boolean }>(
      runner,
      `SELECT e.id, e.name, ${endpointFilter('e', facts)} IS NULL AS "isReceiving" FROM webhook_endpoint e
       WHERE e.organization_id = $1 ORDER BY e.name COLLATE "C", e.id`,
      [organizationId, type, directEndpointId, severity, ruleType],
    );
    if (directEndpointId !== null && !rows.some(({ id }) => id === directEndpointId.toLowerCase())) {
      throw invalidField('webhook_id', 'must be the id of a webhook of this organisation, or null');
    }
    return rows.flatMap(({ id, name, isReceiving }) => (isReceiving ? { id, name } : []));
  }
}
