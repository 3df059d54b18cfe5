import type { Severity } from '../../common/alerting.js';

/** The event types that an endpoint can subscribe to. */
export const SUBSCRIBABLE_EVENTS = [
  'alert.fired',
  'alert.acknowledged',
  'alert.resolved',
  'alert.dismissed',
  'rule.failing',
  'webhook.disabled',
] as const;
export type SubscribableEvent = (typeof SUBSCRIBABLE_EVENTS)[number];

/** The event of an endpoint test. It goes only to the tested endpoint; no endpoint can subscribe to it. */
export const PING_EVENT = 'ping';

/** An event to send to endpoints. */
export interface OutboxEvent {
  /** UUID of the event. An endpoint gets each event once, even if it is enqueued several times. */
  eventId: string;
  organizationId: string;
  type: SubscribableEvent;
  alertId: string | null;
  /** The position of the event among the events of its alert, from 1; null without an alert. */
  sequence?: number | null;
  /** Endpoints filter by these. An event without them passes every filter. */
  severity?: Severity;
  ruleType?: string;
  /** The body's `timestamp`. */
  occurredAt: Date;
  /** The body's `data`, snake_case. */
  data: Record<string, unknown>;
  /**
   * An endpoint of the same organisation that always gets the event, despite its subscriptions and filters; the rule's
   * own.
   */
  directEndpointId: string | null;
}

/**
 * The exact JSON text that is stored, signed and sent. `JSON.stringify` escapes NUL and lone surrogates, which
 * PostgreSQL's `text` rejects.
 */
export function eventBody(type: string, occurredAt: Date, data: Record<string, unknown>): string {
  return JSON.stringify({ type, timestamp: occurredAt.toISOString(), data });
}
