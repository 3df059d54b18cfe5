import type { Severity } from '../../common/alerting.js';
import { printable, readEvent, type ReadEvent } from './event-reader.js';
import { LINK_TEXT, linkOfEvent } from './link-of-event.js';
import { pagerAction, pagerKey, type PagerAction } from './pager-event.js';
import { fitText } from './plain-text.js';
import { requiredSetting } from './setting-value.js';
import type { FormatSetting, FormattableDelivery, FormatTarget, WebhookFormat } from './webhook-format.js';

/**
 * In characters, except `body`: PagerDuty says 512 kB, and the smaller meaning of kB applies. `attribute` is our own
 * limit.
 */
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

const PAGERDUTY_SEVERITIES: Readonly<Record<Severity, string>> = {
  critical: 'critical',
  high: 'error',
  medium: 'warning',
  low: 'info',
  info: 'info',
};

/**
 * The Events API v2 of PagerDuty. A resolved or dismissed alert resolves its incident.
 *
 * A test triggers an incident of severity `info` with one fixed key, however often it is repeated. Nothing else is
 * visible in PagerDuty and proves that alerts arrive: it hides a `resolve` of an unknown key, and change events use
 * another address.
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
      // PagerDuty ignores a payload in the other two actions.
      body:
        action === 'open' ? triggerBody({ ...head, ...linkIn(event, target) }, event, delivery) : JSON.stringify(head),
    };
  },
} as const satisfies WebhookFormat;

function linkIn(event: ReadEvent, { publicUrl }: FormatTarget): object {
  const href = linkOfEvent(event, publicUrl);
  return href ? { client_url: href, links: [{ href, text: LINK_TEXT }] } : {};
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

/** As many details, in their order, as the limit allows. Programs read them, so a detail is omitted rather than cut. */
function withDetails(details: ReadEvent['details'], write: (details: object) => string): string {
  const fitting: [string, unknown][] = [];
  let omittedCount = 0;
  // The size without details. It does not depend on the number of details.
  let size = Buffer.byteLength(write({ details: {}, details_left_out: details.length }));
  for (const [name, value] of details) {
    const entry = printable({ [name]: value }) as object;
    const entrySize = Buffer.byteLength(JSON.stringify(entry));
    if (size + entrySize > LIMITS.body) {
      omittedCount += 1;
      continue;
    }
    size += entrySize;
    fitting.push(...Object.entries(entry));
  }
  return write({
    ...(fitting.length > 0 ? { details: Object.fromEntries(fitting) } : {}),
    ...(omittedCount > 0 ? { details_left_out: omittedCount } : {}),
  });
}

/** Events about Vedette itself are less urgent than alerts. */
function severityOf({ type, severity }: ReadEvent): string {
  if (type === 'ping') return 'info';
  if (severity === null || type === 'webhook.disabled') return 'warning';
  return PAGERDUTY_SEVERITIES[severity];
}
