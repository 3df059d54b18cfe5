import { Injectable } from '@nestjs/common';
import { SEVERITIES, type Severity } from '../../common/alerting.js';
import { invalidField } from '../../common/errors/index.js';
import { queryRows, type SqlRunner } from '../../database/index.js';
import type { SubscribableEvent } from '../endpoints/webhook-events.js';
import { isTold } from './event-filter.js';

export interface ToldEndpoint {
  id: string;
  name: string;
}

/** Tells which endpoints would be told of an event, by the same rules by which {@link WebhookOutbox} tells them. */
@Injectable()
export class EventAudience {
  /**
   * By name.
   * @throws DomainError `invalid_input` on `webhook_id` when the event's own endpoint is none of the organisation.
   */
  async of(
    runner: SqlRunner,
    organizationId: string,
    event: { type: SubscribableEvent; severity: Severity; ruleType: string; directEndpointId: string | null },
  ): Promise<ToldEndpoint[]> {
    const told = isTold('e', {
      type: '$2',
      directEndpointId: '$3::uuid',
      severity: '$4::text',
      ruleType: '$5::text',
      severities: '$6::text[]',
    });
    const rows = await queryRows<ToldEndpoint & { isTold: boolean }>(
      runner,
      `SELECT e.id, e.name, e.is_enabled AND ${told} AS "isTold" FROM webhook_endpoint e
       WHERE e.organization_id = $1 ORDER BY e.name COLLATE "C", e.id`,
      [organizationId, event.type, event.directEndpointId, event.severity, event.ruleType, SEVERITIES],
    );
    const { directEndpointId } = event;
    if (directEndpointId !== null && !rows.some(({ id }) => id === directEndpointId.toLowerCase()))
      throw invalidField('webhook_id', 'must be the id of a webhook of this organisation, or null');
    return rows.flatMap(({ id, name, isTold: wouldBe }) => (wouldBe ? { id, name } : []));
  }
}
