import { newId } from '../../src/common/ids.js';
import { Transactions } from '../../src/database/index.js';
import {
  WebhookEndpointsService,
  WebhookOutbox,
  type CreatedEndpoint,
  type EndpointInput,
  type OutboxEvent,
} from '../../src/webhooks/index.js';
import { NOW, type TestContext } from './test-module.js';

/** Creates an endpoint that subscribes to `alert.fired` by default. */
export function anEndpoint(
  { module }: TestContext,
  organizationId: string,
  changes: Partial<EndpointInput> & { url: string },
): Promise<CreatedEndpoint> {
  const input: EndpointInput = {
    name: 'Receiver',
    events: ['alert.fired'],
    format: 'standard',
    isEnabled: true,
    ...changes,
  };
  return module.get(WebhookEndpointsService).create(organizationId, input, null);
}

export function anEvent(organizationId: string, changes: Partial<OutboxEvent> = {}): OutboxEvent {
  return {
    eventId: newId(),
    organizationId,
    type: 'alert.fired',
    alertId: null,
    occurredAt: NOW,
    data: { alert_id: newId(), title: 'Détection perdue 🐎' },
    directEndpointId: null,
    ...changes,
  };
}

/** Enqueues events in one transaction and commits it. */
export function enqueue({ module }: TestContext, ...events: OutboxEvent[]): Promise<number> {
  return module.get(Transactions).run((manager) => module.get(WebhookOutbox).enqueue(manager, events));
}

export interface DeliveryRow {
  id: string;
  endpoint_id: string;
  event_id: string;
  event_type: string;
  alert_id: string | null;
  sequence: number | null;
  body: string;
  status: string;
  attempt_count: number;
  next_attempt_at: Date;
  lock_token: string | null;
  locked_until: Date | null;
  held_reason: string | null;
  last_status_code: number | null;
  last_error: string | null;
  completed_at: Date | null;
}

export interface AttemptRow {
  attempt: number;
  status_code: number | null;
  error: string | null;
  response_body: string | null;
  duration_ms: number;
}

export function deliveriesTo({ database }: TestContext, endpointId: string): Promise<DeliveryRow[]> {
  return database.query<DeliveryRow>(
    `SELECT d.*, v.body FROM webhook_delivery d JOIN webhook_event v ON v.organization_id = d.organization_id AND v.id = d.event_id
     WHERE d.endpoint_id = $1 ORDER BY d.created_at, d.id`,
    [endpointId],
  );
}

export function attemptsTo({ database }: TestContext, endpointId: string): Promise<AttemptRow[]> {
  return database.query<AttemptRow>(
    `SELECT a.* FROM webhook_attempt a JOIN webhook_delivery d ON d.id = a.delivery_id WHERE d.endpoint_id = $1 ORDER BY a.started_at, a.id`,
    [endpointId],
  );
}
