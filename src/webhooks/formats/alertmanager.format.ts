import { vedetteLink } from '../../common/alert-link.js';
import { readEvent, printable, type ReadEvent } from './event-reader.js';
import { labelsFingerprint } from './labels-fingerprint.js';
import { linkOfEvent } from './link-of-event.js';
import { identityOf, pagerAction } from './pager-event.js';
import { optionalSetting } from './setting-value.js';
import type { FormatSetting, WebhookFormat } from './webhook-format.js';

const RECEIVER: FormatSetting = {
  name: 'receiver',
  title: 'Receiver',
  description:
    'the name of a receiver in the consumer, 1 to 100 letters, digits, spaces and ._/-; `vedette` if left out',
  required: false,
  isSecret: false,
  pattern: /^[A-Za-z0-9._/ -]{1,100}$/,
};

const EXTERNAL_URL: FormatSetting = {
  name: 'external_url',
  title: 'Address of Vedette',
  description:
    'the http or https address of Vedette for links back, at most 500 characters; VEDETTE_PUBLIC_URL if left out',
  required: false,
  isSecret: false,
  pattern: /^https?:\/\/[^\s"<>\\]{1,490}$/,
};

/** Alertmanager's value for a missing instant. */
const NEVER = '0001-01-01T00:00:00Z';

/**
 * The webhook of Prometheus Alertmanager, version 4, with one alert per group. The format has no acknowledgement, so an
 * acknowledged alert is sent as firing again, with its status in the annotations.
 *
 * Labels contain only values that never change during an alert, so that all its messages have the same fingerprint.
 */
export const alertmanagerFormat = {
  code: 'alertmanager',
  name: 'Prometheus Alertmanager',
  description: 'The webhook of Alertmanager (version 4), for any of its consumers.',
  settings: [RECEIVER, EXTERNAL_URL],
  urgency: 'normal',
  format: (delivery, target, at) => {
    const event = readEvent(delivery);
    const isResolved = pagerAction(event) === 'close';
    const labels = labelsOf(event, identityOf(event, delivery.eventId));
    const annotations = annotationsOf(event);
    const groupLabels = { alert_id: labels['alert_id'] ?? '' };
    const publicUrl = optionalSetting(target, EXTERNAL_URL) ?? target.publicUrl;
    const externalUrl = publicUrl === null ? '' : vedetteLink(publicUrl).replace(/\/$/, '');
    const status = isResolved ? 'resolved' : 'firing';
    const alert = {
      status,
      labels,
      annotations,
      startsAt: (event.createdAt ?? event.occurredAt ?? at).toISOString(),
      endsAt: isResolved ? (event.occurredAt ?? at).toISOString() : NEVER,
      generatorURL: linkOfEvent(event, publicUrl) ?? externalUrl,
      fingerprint: labelsFingerprint(labels),
    };
    const body = {
      version: '4',
      groupKey: `{}:{alert_id=${JSON.stringify(groupLabels.alert_id)}}`,
      truncatedAlerts: 0,
      status,
      receiver: optionalSetting(target, RECEIVER) ?? 'vedette',
      groupLabels,
      commonLabels: labels,
      commonAnnotations: annotations,
      externalURL: externalUrl,
      alerts: [alert],
    };
    return { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) };
  },
} as const satisfies WebhookFormat;

function labelsOf(event: ReadEvent, identity: string): Record<string, string> {
  return withoutNulls({
    alertname: event.type.startsWith('alert.') ? (event.ruleName ?? 'Vedette alert') : `Vedette ${event.type}`,
    alert_id: identity,
    rule_id: event.ruleId,
    rule_type: event.ruleType,
    severity: event.type === 'ping' ? 'info' : event.severity,
    organization_id: event.organizationId,
  });
}

function annotationsOf(event: ReadEvent): Record<string, string> {
  return withoutNulls({
    summary: event.title,
    description: event.message,
    status: event.status,
    organization: event.organizationName,
    acted_by: event.actorName,
    cause: event.cause,
    details: event.details.length > 0 ? JSON.stringify(printable(Object.fromEntries(event.details))) : null,
    is_demo: event.isDemo ? 'true' : null,
  });
}

function withoutNulls(values: Record<string, string | null>): Record<string, string> {
  return Object.fromEntries(Object.entries(values).filter((entry): entry is [string, string] => entry[1] !== null));
}
