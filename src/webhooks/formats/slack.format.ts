import { readEvent } from './event-reader.js';
import { LINK_TEXT, linkOfEvent } from './link-of-event.js';
import { noticeOf, type Fact, type Tone } from './notice.js';
import { CHARACTERS, type TextMeasure } from './plain-text.js';
import { omittedNote, TextBudget } from './text-budget.js';
import type { WebhookFormat } from './webhook-format.js';

const LIMITS = {
  header: 150,
  section: 3000,
  field: 2000,
  fieldsInSection: 10,
  blocks: 50,
  total: 13_000,
  fallback: 500,
};
/** Header, message, footer, and the note about omitted facts. */
const OTHER_BLOCKS = 4;
const OMITTED_NOTE_SIZE = 40;
/** A field with less room than this would show nothing readable. */
const MIN_FIELD_SIZE = 20;

const ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;' };

/** Slack reads the three characters of its markup (`<!channel>`, `<@U123>`, `<https://...|text>`) in every text. */
const SLACK_TEXT: TextMeasure = {
  ...CHARACTERS,
  pieces: (text) => [...text].map((character) => ENTITIES[character] ?? character),
};

const MARKS: Readonly<Record<Tone, string>> = {
  critical: '🔴',
  high: '🟠',
  medium: '🟡',
  low: '🔵',
  info: '⚪',
  acknowledged: '👀',
  resolved: '✅',
  dismissed: '🗑️',
  warning: '⚠️',
  notice: '🔔',
};

/**
 * An incoming webhook of Slack: blocks, and a fallback text for notifications. Every text is `plain_text` without
 * markup, and the fallback has `mrkdwn: false`. Only the link to the alert is markup; the one part from the event is a
 * UUID. The link is no button, because Slack would expect an answer from an app.
 */
export const slackFormat = {
  code: 'slack',
  name: 'Slack',
  description: 'A message in a Slack channel, through an incoming webhook of Slack.',
  settings: [],
  urgency: 'normal',
  format: (delivery, { publicUrl }) => {
    const event = readEvent(delivery);
    const notice = noticeOf(event);
    const budget = new TextBudget(LIMITS.total, SLACK_TEXT);
    const headline = `${MARKS[notice.tone]} ${notice.headline}`;
    const text = budget.take([headline, notice.message].filter(Boolean).join(' – '), LIMITS.fallback);
    const header = budget.take(headline, LIMITS.header);
    const message = notice.message && budget.take(notice.message, LIMITS.section);
    const footer = budget.take(notice.footer, LIMITS.header);
    const link = linkTo(linkOfEvent(event, publicUrl));
    budget.spend(link?.length ?? 0);
    const blocks = [
      ...(header ? [{ type: 'header', text: plain(header) }] : []),
      ...(message ? [{ type: 'section', text: plain(message) }] : []),
      ...fieldSections(notice.facts, notice.details, budget, LIMITS.blocks - OTHER_BLOCKS - (link ? 1 : 0)),
      ...(link ? [{ type: 'section', text: { type: 'mrkdwn', text: link } }] : []),
      ...(footer ? [{ type: 'context', elements: [plain(footer)] }] : []),
    ];
    const body = { text, mrkdwn: false, unfurl_links: false, unfurl_media: false, blocks };
    return { headers: { 'content-type': 'application/json; charset=utf-8' }, body: JSON.stringify(body) };
  },
} as const satisfies WebhookFormat;

/** Facts and details have separate sections, so that the measurement is apart from the rule and alert. */
function fieldSections(
  facts: readonly Fact[],
  details: readonly Fact[],
  budget: TextBudget,
  maxSections: number,
): object[] {
  budget.spend(OMITTED_NOTE_SIZE);
  const sections = [facts, details]
    .flatMap(inSections)
    .slice(0, maxSections)
    .map((section) =>
      section.flatMap(({ name, value }) =>
        budget.has(MIN_FIELD_SIZE) ? (budget.take(`${name}: ${value}`, LIMITS.field) ?? []) : [],
      ),
    )
    .filter((section) => section.length > 0);
  const missing = facts.length + details.length - sections.flat().length;
  if (missing > 0) sections.push([omittedNote(missing)]);
  return sections.map((fields) => ({ type: 'section', fields: fields.map(plain) }));
}

function inSections(facts: readonly Fact[]): Fact[][] {
  const sections: Fact[][] = [];
  for (let start = 0; start < facts.length; start += LIMITS.fieldsInSection) {
    sections.push(facts.slice(start, start + LIMITS.fieldsInSection));
  }
  return sections;
}

/** A link in Slack's syntax. `URL` has already encoded angle brackets; a bar would end the address. */
function linkTo(address: string | null): string | null {
  return address && `<${address.replaceAll('&', '&amp;').replaceAll('|', '%7C')}|${LINK_TEXT}>`;
}

/** `emoji: false` keeps `:name:` as text. */
function plain(text: string): object {
  return { type: 'plain_text', text, emoji: false };
}
