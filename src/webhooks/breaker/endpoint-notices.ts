import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { newId } from '../../common/ids.js';
import { queryRows } from '../../database/index.js';
import { AlertNotifier, type AlertNotice } from '../../notifications/index.js';
import { EventWriter } from '../outbox/event-writer.js';
import { FAILURES_BEFORE_NOTICE } from './endpoint-health.js';

export type DisabledReason = 'gone' | 'failing';

const WHY: Record<DisabledReason, string> = {
  gone: 'it answered 410, which means that it no longer exists',
  failing: 'all attempts failed for 120 hours',
};

interface NamedEndpoint {
  id: string;
  name: string;
  organizationId: string;
  organizationName: string;
}

/** Disables endpoints that keep failing, and notifies people and the other endpoints. */
@Injectable()
export class EndpointNotices {
  constructor(
    private readonly notifier: AlertNotifier,
    private readonly events: EventWriter,
  ) {}

  /** Notifies admins and leads of endpoints that keep failing. */
  async notifyFailing(manager: EntityManager, endpointIds: readonly string[], now: Date): Promise<void> {
    if (endpointIds.length === 0) return;
    const endpoints = await queryRows<NamedEndpoint>(
      manager,
      `SELECT e.id, e.name, e.organization_id AS "organizationId", o.name AS "organizationName"
       FROM webhook_endpoint e JOIN organization o ON o.id = e.organization_id WHERE e.id = ANY ($1::uuid[])`,
      [endpointIds],
    );
    await this.notifier.notify(
      manager,
      endpoints.map((endpoint) =>
        notice(endpoint, 'webhook.failing', now, {
          title: `Webhook ${endpoint.name} keeps failing`,
          message: `${FAILURES_BEFORE_NOTICE} attempts in a row to deliver to the webhook ${endpoint.name} failed. Vedette keeps trying; the delivery log shows the result of each attempt.`,
        }),
      ),
    );
  }

  /** @returns the ids of the endpoints that were enabled before. */
  async disable(
    manager: EntityManager,
    endpoints: readonly { endpointId: string; reason: DisabledReason }[],
    now: Date,
  ): Promise<string[]> {
    if (endpoints.length === 0) return [];
    const disabled = await queryRows<NamedEndpoint & { reason: DisabledReason }>(
      manager,
      `UPDATE webhook_endpoint e SET is_enabled = false, disabled_reason = v.reason, updated_at = $3
       FROM unnest($1::uuid[], $2::text[]) AS v (id, reason), organization o
       WHERE e.id = v.id AND e.is_enabled AND o.id = e.organization_id
       RETURNING e.id, e.name, e.organization_id AS "organizationId", o.name AS "organizationName", v.reason`,
      [endpoints.map(({ endpointId }) => endpointId), endpoints.map(({ reason }) => reason), now],
    );
    const messageOf = ({ name, reason }: (typeof disabled)[number]): string =>
      `The webhook ${name} was disabled: ${WHY[reason]}. Vedette sends nothing to it until an admin enables it again; missed deliveries can then be recovered.`;
    await this.notifier.notify(
      manager,
      disabled.map((endpoint) =>
        notice(endpoint, 'webhook.disabled', now, {
          title: `Webhook ${endpoint.name} was disabled`,
          message: messageOf(endpoint),
        }),
      ),
    );
    await this.events.write(
      manager,
      disabled.map((endpoint) => ({
        eventId: newId(),
        organizationId: endpoint.organizationId,
        type: 'webhook.disabled' as const,
        alertId: null,
        occurredAt: now,
        data: {
          webhook_id: endpoint.id,
          webhook_name: endpoint.name,
          reason: endpoint.reason,
          message: messageOf(endpoint),
          organization: { id: endpoint.organizationId, name: endpoint.organizationName },
        },
        directEndpointId: null,
      })),
    );
    return disabled.map(({ id }) => id);
  }
}

function notice(
  { organizationId }: NamedEndpoint,
  event: AlertNotice['event'],
  occurredAt: Date,
  words: { title: string; message: string },
): AlertNotice {
  return { organizationId, alertId: null, event, severity: 'high', occurredAt, ...words };
}
