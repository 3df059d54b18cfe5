import { eventBody } from '../../src/webhooks/endpoints/webhook-events.js';
import type { FormattableDelivery, FormatTarget, WebhookFormat } from '../../src/webhooks/formats/index.js';
import { signingKey } from '../../src/webhooks/signing/standard-webhooks.js';

/** The times at which the sample alert fires, at which later events happen, and at which all are sent. */
const FIRED_AT = new Date('2026-03-10T12:00:00.000Z');
const LATER = new Date('2026-03-10T14:30:00.000Z');
export const SAMPLE_SECRET = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';
export const SAMPLE_ATTEMPT = new Date('2026-03-10T14:30:01.250Z');

const ALERT = {
  alert_id: '01958f6e-7a00-7000-8000-00000000a1e7',
  rule_id: '01958f6e-7a00-7000-8000-000000000001',
  rule_name: 'Critical Risk Techniques',
  rule_type: 'high_risk',
  severity: 'critical',
  title: '4 techniques at risk 75 or more',
  message: '4 techniques have a risk score of 75 or more; the rule allows 2. Highest: T1059.001 (92.5).',
  details: {
    count: 4,
    threshold: 3,
    top_ids: ['T1059.001', 'T1003', 'T1566', 'T1021'],
    top_scores: [92.5, 88, 80, 75],
  },
  status: 'open',
  organization: { id: '01958f6e-7a00-7000-8000-0000000000f0', name: 'Acme Security' },
  created_at: FIRED_AT.toISOString(),
  sequence: 1,
};
const ACTOR = { id: '01958f6e-7a00-7000-8000-0000000000b0', name: 'Ada Lovelace' };

/** The stored data of each sample event. */
export const SAMPLE_DATA: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  'alert.fired': ALERT,
  'alert.acknowledged': { ...ALERT, status: 'acknowledged', sequence: 2, actor: ACTOR },
  'alert.resolved': { ...ALERT, status: 'resolved', sequence: 3, actor: ACTOR },
  'alert.dismissed': {
    ...ALERT,
    status: 'dismissed',
    sequence: 3,
    actor: ACTOR,
    cause: 'Known: the lab is being rebuilt',
  },
  'rule.failing': {
    rule_id: ALERT.rule_id,
    rule_name: ALERT.rule_name,
    rule_type: ALERT.rule_type,
    severity: ALERT.severity,
    title: 'Rule Critical Risk Techniques keeps failing',
    message:
      'Critical Risk Techniques could not be evaluated 3 times in a row. It opens no alerts until this is fixed.',
    organization: ALERT.organization,
  },
  'webhook.disabled': {
    webhook_id: '01958f6e-7a00-7000-8000-00000000eb00',
    webhook_name: 'On-call channel',
    message: 'Every delivery of the last 120 hours failed; nothing is sent until it is enabled again.',
    organization: ALERT.organization,
  },
  ping: { webhook_id: '01958f6e-7a00-7000-8000-00000000eb00', message: 'A test of this webhook: nothing is wrong.' },
};

export const SAMPLE_EVENTS = Object.keys(SAMPLE_DATA);

/** A delivery of a sample event with changed data. */
export function aFormattableDelivery(
  eventType = 'alert.fired',
  changes: Readonly<Record<string, unknown>> = {},
): FormattableDelivery {
  return {
    id: '01958f6e-7a00-7000-8000-00000000de11',
    eventId: '01958f6e-7a00-7000-8000-00000000e7e7',
    eventType,
    body: eventBody(eventType, eventType === 'alert.fired' ? FIRED_AT : LATER, {
      ...SAMPLE_DATA[eventType],
      ...changes,
    }),
  };
}

const URLS: Readonly<Record<string, string>> = {
  slack: 'https://hooks.slack.com/services/T000/B000/XXXX',
  pagerduty: 'https://events.pagerduty.com/v2/enqueue',
  opsgenie: 'https://api.opsgenie.com/v2/alerts',
};

export function aFormatTarget(
  { code }: Pick<WebhookFormat, 'code'>,
  changes: Partial<FormatTarget> = {},
): FormatTarget {
  const settings: Record<string, Record<string, string>> = {
    pagerduty: { routing_key: 'R0123456789ABCDEFGHIJKLMNOPQRSTU' },
    opsgenie: { api_key: '00000000-1111-2222-3333-444444444444' },
  };
  return {
    url: URLS[code] ?? `https://receiver.example/${code}`,
    settings: settings[code] ?? {},
    signingKeys: [signingKey(SAMPLE_SECRET)],
    publicUrl: null,
    ...changes,
  };
}
