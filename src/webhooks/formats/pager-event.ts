import { createHash } from 'node:crypto';
import type { ReadEvent } from './event-reader.js';
import type { FormattableDelivery } from './webhook-format.js';

export type PagerAction = 'open' | 'acknowledge' | 'close';

const ACTIONS: Readonly<Record<string, PagerAction>> = {
  'alert.fired': 'open',
  'alert.acknowledged': 'acknowledge',
  'alert.resolved': 'close',
  'alert.dismissed': 'close',
  'rule.failing': 'open',
  'webhook.disabled': 'open',
  ping: 'open',
};

/** @returns null for an event that this version does not know: nobody is woken by what cannot be named. */
export function pagerAction({ type }: ReadEvent): PagerAction | null {
  return Object.hasOwn(ACTIONS, type) ? (ACTIONS[type] ?? null) : null;
}

/**
 * What ties the events of one happening together at the receiver: the alert's id, so that a resolve closes what its firing opened. A rule that
 * keeps failing, a disabled webhook and a test each have a key of their own, which stays the same so that repeats do not pile up.
 */
export function pagerKey(event: ReadEvent, { eventId }: FormattableDelivery, limit: number): string {
  return within(identityOf(event, eventId), limit);
}

/** Of all formats that name what an event is about. */
export function identityOf({ type, alertId, ruleId, webhookId }: ReadEvent, eventId: string): string {
  if (type === 'ping') return `vedette-ping-${webhookId ?? eventId}`;
  if (type === 'rule.failing') return `vedette-rule-failing-${ruleId ?? eventId}`;
  if (type === 'webhook.disabled') return `vedette-webhook-disabled-${webhookId ?? eventId}`;
  return alertId ?? eventId;
}

/** A key that is cut could be that of another alert: one that is too long is replaced by its hash. */
function within(key: string, limit: number): string {
  return key.length <= limit ? key : `sha256-${createHash('sha256').update(key).digest('hex')}`;
}
