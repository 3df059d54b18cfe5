import type { Severity } from '../../common/alerting.js';
import { printable, readEvent, type ReadEvent } from './event-reader.js';
import { LINK_WORDS, linkOfEvent } from './link-of-event.js';
import { pagerAction, pagerKey, type PagerAction } from './pager-event.js';
import { fitText } from './plain-text.js';
import { requiredSetting } from './setting-value.js';
import type { FormatSetting, FormattableDelivery, FormatTarget, WebhookFormat } from './webhook-format.js';

/** Characters, but for `body`: 512 kB, of which the smaller reading is kept. PagerDuty sets none for `attribute`. */
const LIMITS = { summary: 1024, dedupKey: 255, attribute: 255, message: 20_000, body: 512_000 };

const ROUTING_KEY: FormatSetting = {
  name: 'routing_key',
  title: 'Integration key',
  description:
    'the integration key of a PagerDuty service or event orchestration (Events API v2): 32 letters and digits',
  required: true,
  isSecret: true,
  pattern: /^[A-Za-z0-9]{32}$/,
};

const ACTIONS: Readonly<Record<PagerAction, string>> = {
  open: 'trigger',
  acknowledge: 'acknowledge',
  close: 'resolve',
};

const SEVERITY_WORDS: Readonly<Record<Severity, string>> = {
  critical: 'critical',
  high: 'error',
  medium: 'warning',
  low: 'info',
  info: 'info',
};

/**
 * The Events API v2 of PagerDuty. A resolved or dismissed alert resolves the incident that its firing triggered.
 *
 * A test triggers an incident of severity `info` under a key of its own, once however often it is repeated: PagerDuty offers nothing else that is
 * seen and proves that an alert would arrive. A `resolve` of an unknown key is accepted and shown nowhere, and change events have another address.
 */
export const pagerdutyFormat = {
  code: 'pagerduty',
  name: 'PagerDuty',
  description: 'An incident in PagerDuty (Events API v2), acknowledged and resolved with the alert.',
  settings: [ROUTING_KEY],
  urgency: 'pager',
  format: (delivery, target) => {
    const event = readEvent(delivery);
    const action = pagerAction(event);
    if (action === null) return null;
    const head = {
      routing_key: requiredSetting(target, ROUTING_KEY),
      event_action: ACTIONS[action],
      dedup_key: pagerKey(event, delivery, LIMITS.dedupKey),
    };
    return {
      headers: { 'content-type': 'application/json' },
      // PagerDuty reads no payload with the other two.
      body:
        action === 'open' ? triggerBody({ ...head, ...linkIn(event, target) }, event, delivery) : JSON.stringify(head),
    };
  },
} as const satisfies WebhookFormat;

function linkIn(event: ReadEvent, { publicUrl }: FormatTarget): object {
  const href = linkOfEvent(event, publicUrl);
  return href ? { client_url: href, links: [{ href, text: LINK_WORDS }] } : {};
}

function triggerBody(head: object, event: ReadEvent, { eventId }: FormattableDelivery): string {
  const attribute = (value: string | null): string | undefined =>
    value === null ? undefined : fitText(value, LIMITS.attribute);
  const write = (details: object): string =>
    JSON.stringify({
      ...head,
      client: 'Vedette',
      payload: {
        summary: fitText(`${event.isDemo ? '[Demo] ' : ''}${event.title}`, LIMITS.summary),
        source: attribute(event.organizationName) ?? 'Vedette',
        severity: severityOf(event),
        timestamp: (event.createdAt ?? event.occurredAt)?.toISOString(),
        component: attribute(event.ruleName ?? event.webhookName),
        group: attribute(event.organizationName),
        class: attribute(event.ruleType ?? event.type),
        custom_details: {
          event: event.type,
          event_id: eventId,
          message: event.message === null ? undefined : fitText(event.message, LIMITS.message),
          rule_id: attribute(event.ruleId),
          severity: event.severity ?? undefined,
          ...details,
        },
      },
    });
  return withDetails(event.details, write);
}

/** As many of the details, in their order, as the limit allows; a program reads them, so that they are left out whole and never cut. */
function withDetails(details: ReadEvent['details'], write: (details: object) => string): string {
  const fitting: [string, unknown][] = [];
  let leftOut = 0;
  // What names, braces and the count of what was left out take is the same however many details there are.
  let size = Buffer.byteLength(write({ details: {}, details_left_out: details.length }));
  for (const [name, value] of details) {
    const entry = printable({ [name]: value }) as object;
    const entrySize = Buffer.byteLength(JSON.stringify(entry));
    if (size + entrySize > LIMITS.body) {
      leftOut += 1;
      continue;
    }
    size += entrySize;
    fitting.push(...Object.entries(entry));
  }
  return write({
    ...(fitting.length > 0 ? { details: Object.fromEntries(fitting) } : {}),
    ...(leftOut > 0 ? { details_left_out: leftOut } : {}),
  });
}

/** What Vedette says of itself interrupts nobody's night as an alert may. */
function severityOf({ type, severity }: ReadEvent): string {
  if (type === 'ping') return 'info';
  if (severity === null || type === 'webhook.disabled') return 'warning';
  return SEVERITY_WORDS[severity];
}
