import { readEvent } from './event-reader.js';
import { LINK_WORDS, linkOfEvent } from './link-of-event.js';
import { noticeOf, type Fact, type Tone } from './notice.js';
import { CHARACTERS, type TextMeasure } from './plain-text.js';
import { leftOut, TextBudget } from './text-budget.js';
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
/** Header, message, footer, and the note of what was left out. */
const OTHER_BLOCKS = 4;
const ROOM_FOR_LEFT_OUT = 40;
/** Less room than this shows nothing that anybody could read. */
const LEAST_FIELD = 20;

const ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;' };

/** Slack reads the three characters that begin and end its markup (`<!channel>`, `<@U123>`, `<https://...|text>`) in every text. */
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
 * An incoming webhook of Slack: blocks, and a text for notifications. Every text is `plain_text`, in which `*`, `_` and backticks mean nothing, and
 * the fallback says `mrkdwn: false`. The one exception is the link to the alert, of which nothing comes from an event but a UUID; it is no button, because a
 * press of one asks an answer of the app, and behind an incoming webhook there is none.
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

/** Facts and details do not share a section, so that what was measured stands apart from what it is about. */
function fieldSections(
  facts: readonly Fact[],
  details: readonly Fact[],
  budget: TextBudget,
  maxSections: number,
): object[] {
  budget.spend(ROOM_FOR_LEFT_OUT);
  const sections = [facts, details]
    .flatMap(inSections)
    .slice(0, maxSections)
    .map((section) =>
      section.flatMap(({ name, value }) =>
        budget.has(LEAST_FIELD) ? (budget.take(`${name}: ${value}`, LIMITS.field) ?? []) : [],
      ),
    )
    .filter((section) => section.length > 0);
  const missing = facts.length + details.length - sections.flat().length;
  if (missing > 0) sections.push([leftOut(missing)]);
  return sections.map((fields) => ({ type: 'section', fields: fields.map(plain) }));
}

function inSections(facts: readonly Fact[]): Fact[][] {
  const sections: Fact[][] = [];
  for (let start = 0; start < facts.length; start += LIMITS.fieldsInSection)
    sections.push(facts.slice(start, start + LIMITS.fieldsInSection));
  return sections;
}

/** As Slack writes a link. The address is one that `URL` has written, in which there are no angle brackets; a bar would end it. */
function linkTo(address: string | null): string | null {
  return address && `<${address.replaceAll('&', '&amp;').replaceAll('|', '%7C')}|${LINK_WORDS}>`;
}

/** `emoji: false`: `:name:` stays what it is. */
function plain(text: string): object {
  return { type: 'plain_text', text, emoji: false };
}
