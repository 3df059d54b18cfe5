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

/** @returns null for an unknown event, so that it pages no one. */
export function pagerAction({ type }: ReadEvent): PagerAction | null {
  return Object.hasOwn(ACTIONS, type) ? (ACTIONS[type] ?? null) : null;
}

/**
 * The key that connects related events at the receiver. For alerts it is the alert's id, so that a resolve closes the
 * opened alert. Failing rules, disabled webhooks and tests have their own stable keys, so that repeats do not
 * accumulate.
 */
export function pagerKey(event: ReadEvent, { eventId }: FormattableDelivery, limit: number): string {
  return shortenedKey(identityOf(event, eventId), limit);
}

/** The identity of the subject of an event, for all formats. */
export function identityOf({ type, alertId, ruleId, webhookId }: ReadEvent, eventId: string): string {
  if (type === 'ping') return `vedette-ping-${webhookId ?? eventId}`;
  if (type === 'rule.failing') return `vedette-rule-failing-${ruleId ?? eventId}`;
  if (type === 'webhook.disabled') return `vedette-webhook-disabled-${webhookId ?? eventId}`;
  return alertId ?? eventId;
}

/** A key that is too long is replaced by its hash, because a cut key could equal the key of another alert. */
function shortenedKey(key: string, limit: number): string {
  return key.length <= limit ? key : `sha256-${createHash('sha256').update(key).digest('hex')}`;
}
