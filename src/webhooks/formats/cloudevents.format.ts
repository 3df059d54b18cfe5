import { standardWebhooksHeaders } from '../signing/standard-webhooks.js';
import { readEvent, type ReadEvent } from './event-reader.js';
import type { WebhookFormat } from './webhook-format.js';

/** CloudEvents 1.0 in structured mode, as JSON, with the headers of Standard Webhooks over its exact bytes. */
export const cloudeventsFormat = {
  code: 'cloudevents',
  name: 'CloudEvents',
  description: 'CloudEvents 1.0 in structured JSON, signed with Standard Webhooks.',
  settings: [],
  urgency: 'normal',
  format: (delivery, { signingKeys }, at) => {
    const event = readEvent(delivery);
    const subject = subjectOf(event);
    const body = JSON.stringify({
      specversion: '1.0',
      id: delivery.eventId,
      source: sourceOf(event),
      type: `vedette.${event.type}`,
      ...(subject === null ? {} : { subject }),
      ...(event.occurredAt ? { time: event.occurredAt.toISOString() } : {}),
      datacontenttype: 'application/json',
      data: event.data,
    });
    const signature = standardWebhooksHeaders({ id: `msg_${delivery.id}`, at, body }, signingKeys);
    return { headers: { 'content-type': 'application/cloudevents+json; charset=utf-8', ...signature }, body };
  },
} as const satisfies WebhookFormat;

/**
 * The source is the organisation; together with the event's id it is unique. It is a URI reference, so the id is
 * encoded.
 */
function sourceOf({ organizationId }: ReadEvent): string {
  return organizationId === null ? 'urn:vedette' : `urn:vedette:organization:${encodeURIComponent(organizationId)}`;
}

/** The subject: an alert, else a webhook, else a rule. */
function subjectOf({ alertId, webhookId, ruleId }: ReadEvent): string | null {
  if (alertId !== null) return `alert/${alertId}`;
  if (webhookId !== null) return `webhook/${webhookId}`;
  return ruleId === null ? null : `rule/${ruleId}`;
}
