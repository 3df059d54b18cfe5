import type { Severity } from '../../common/alerting.js';
import { readEvent, valueText, type ReadEvent } from './event-reader.js';
import { linkOfEvent } from './link-of-event.js';
import { noticeOf } from './notice.js';
import { pagerAction, pagerKey, type PagerAction } from './pager-event.js';
import { CHARACTERS, fitText, isBlank, plainText, type TextMeasure } from './plain-text.js';
import { requiredSetting } from './setting-value.js';
import type { FormatSetting, FormattedRequest, WebhookFormat } from './webhook-format.js';

const LIMITS = {
  message: 130,
  alias: 512,
  description: 15_000,
  details: 8000,
  detailName: 100,
  tag: 50,
  entity: 512,
  source: 100,
  user: 100,
  note: 25_000,
};

const API_KEY: FormatSetting = {
  name: 'api_key',
  title: 'API key',
  description:
    'the key of an API integration of Opsgenie or Jira Service Management: 8 to 100 letters, digits, hyphens and underscores',
  required: true,
  isSecret: true,
  pattern: /^[A-Za-z0-9_-]{8,100}$/,
};

const PRIORITIES: Readonly<Record<Severity, string>> = {
  critical: 'P1',
  high: 'P2',
  medium: 'P3',
  low: 'P4',
  info: 'P5',
};

/**
 * Opsgenie shows message and description as HTML on the web but as plain text in a push or SMS, so entities do not
 * work. Angle brackets become similar characters that are no markup anywhere.
 */
const OPSGENIE_TEXT: TextMeasure = {
  ...CHARACTERS,
  pieces: (text) => [...text].map((character) => (character === '<' ? '‹' : character === '>' ? '›' : character)),
};

/**
 * The alert API of Opsgenie and of Jira Service Management, which differ only in the address. The endpoint's URL is the
 * one that creates alerts, such as `https://api.opsgenie.com/v2/alerts` or
 * `https://api.atlassian.com/jsm/ops/integration/v2/alerts`. The alias is the alert's id. A test is an alert of the
 * lowest priority with its own alias.
 */
export const opsgenieFormat = {
  code: 'opsgenie',
  name: 'Opsgenie / Jira Service Management',
  description:
    'An alert in Opsgenie or Jira Service Management, acknowledged and closed together with the Vedette alert.',
  settings: [API_KEY],
  urgency: 'pager',
  format: (delivery, target) => {
    const event = readEvent(delivery);
    const action = pagerAction(event);
    if (action === null) return null;
    const alias = pagerKey(event, delivery, LIMITS.alias);
    const headers = {
      'content-type': 'application/json',
      authorization: `GenieKey ${requiredSetting(target, API_KEY)}`,
    };
    return action === 'open'
      ? { headers, body: JSON.stringify(creation(event, alias, linkOfEvent(event, target.publicUrl))) }
      : { headers, ...change(event, action, alias, target.url) };
  },
} as const satisfies WebhookFormat;

function creation(event: ReadEvent, alias: string, link: string | null): object {
  const { message, facts } = noticeOf(event);
  const description = [message, facts.map(({ name, value }) => `${name}: ${value}`).join('\n')]
    .filter(Boolean)
    .join('\n\n');
  const tags = ['vedette', event.type, event.ruleType].flatMap((tag) => (tag === null ? [] : fitted(tag, LIMITS.tag)));
  return {
    message: fitted(`${event.isDemo ? '[Demo] ' : ''}${event.title}`, LIMITS.message),
    alias,
    ...(description === '' ? {} : { description: fitted(description, LIMITS.description) }),
    tags,
    details: detailsOf(event, link),
    ...(event.organizationName === null ? {} : { entity: fitted(event.organizationName, LIMITS.entity) }),
    source: 'Vedette',
    priority: event.type === 'ping' ? 'P5' : event.severity ? PRIORITIES[event.severity] : 'P3',
  };
}

function change(
  event: ReadEvent,
  action: Exclude<PagerAction, 'open'>,
  alias: string,
  url: string,
): Required<Pick<FormattedRequest, 'body' | 'url'>> {
  const address = new URL(url);
  address.pathname = `${address.pathname.replace(/\/+$/, '')}/${encodeURIComponent(alias)}/${action}`;
  address.searchParams.set('identifierType', 'alias');
  const note = [noticeOf(event).headline, event.cause].filter(Boolean).join('\n');
  const body = {
    ...(event.actorName === null ? {} : { user: fitted(event.actorName, LIMITS.user) }),
    source: 'Vedette',
    note: fitted(note, LIMITS.note),
  };
  return { url: address.href, body: JSON.stringify(body) };
}

/** Names and values share 8,000 characters. Values without room are omitted and counted. */
function detailsOf(event: ReadEvent, link: string | null): Record<string, string> {
  const known = { alert_url: link, alert_id: event.alertId, rule_id: event.ruleId, severity: event.severity };
  const all = [...Object.entries(known).filter(([, value]) => value !== null), ...event.details];
  const entries: [string, string][] = [];
  let left = LIMITS.details - 'details_left_out'.length - String(all.length).length;
  for (const [name, value] of all) {
    const key = fitted(isBlank(name) ? '-' : plainText(name), LIMITS.detailName);
    const text = fitted(valueText(value), Math.max(0, left - key.length));
    if (text === '') continue;
    left -= key.length + text.length;
    entries.push([key, text]);
  }
  const omittedCount = all.length - entries.length;
  return Object.fromEntries(omittedCount > 0 ? [...entries, ['details_left_out', String(omittedCount)]] : entries);
}

function fitted(text: string, limit: number): string {
  return fitText(text, limit, OPSGENIE_TEXT);
}
