import type { Severity } from '../../common/alerting.js';

/** What an endpoint can subscribe to. */
export const SUBSCRIBABLE_EVENTS = [
  'alert.fired',
  'alert.acknowledged',
  'alert.resolved',
  'alert.dismissed',
  'rule.failing',
  'webhook.disabled',
] as const;
export type SubscribableEvent = (typeof SUBSCRIBABLE_EVENTS)[number];

/** What the test of an endpoint sends. Nobody subscribes to it: it goes to the tested endpoint alone. */
export const PING_EVENT = 'ping';

/** Something that happened and that endpoints are told of. */
export interface OutboxEvent {
  /** UUID of the happening: an endpoint gets each one once, however often it is enqueued. */
  eventId: string;
  organizationId: string;
  type: SubscribableEvent;
  alertId: string | null;
  /** The number of the event among those of its alert, from 1; null where it has no alert. */
  sequence?: number | null;
  /** What endpoints filter by; left out where the event has none, which no filter holds back. */
  severity?: Severity;
  ruleType?: string;
  /** The body's `timestamp`. */
  occurredAt: Date;
  /** The body's `data`, snake_case. */
  data: Record<string, unknown>;
  /** An endpoint of the same organisation that is told whether it subscribes or not, past its filters: a rule's own. */
  directEndpointId: string | null;
}

/** The exact JSON text that is stored, signed and sent. `JSON.stringify` escapes NUL and lone surrogates, which PostgreSQL's `text` would refuse. */
export function eventBody(type: string, occurredAt: Date, data: Record<string, unknown>): string {
  return JSON.stringify({ type, timestamp: occurredAt.toISOString(), data });
}
