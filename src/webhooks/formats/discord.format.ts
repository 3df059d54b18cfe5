import { readEvent } from './event-reader.js';
import { linkOfEvent } from './link-of-event.js';
import { noticeOf, type Fact, type Tone } from './notice.js';
import { CHARACTERS, type TextMeasure } from './plain-text.js';
import { omittedNote, TextBudget } from './text-budget.js';
import type { WebhookFormat } from './webhook-format.js';

const LIMITS = {
  title: 256,
  description: 4096,
  fields: 25,
  fieldName: 256,
  fieldValue: 1024,
  footer: 2048,
  total: 6000,
};
const OMITTED_NOTE_SIZE = 40;
/** A field with less room than this would show nothing readable. */
const MIN_FIELD_SIZE = 20;

/** Markup at any place in the text. The colon prevents links and emojis such as `:name:`. */
const MARKDOWN = /[\\`*_~|<>[\]()@:#]/g;
/** Markup at the start of a line: a list, and `-#`, small print. */
const LIST_MARK = /^(\s*)([-+])/gm;
const LIST_NUMBER = /^(\s*\d+)\./gm;
const ESCAPE_OR_CHARACTER = /\\[^]|[^]/gu;

/** A backslash escapes any punctuation mark of Discord's Markdown. Pieces never split an escape. */
const DISCORD_TEXT: TextMeasure = {
  ...CHARACTERS,
  pieces: (text) =>
    text
      .replace(MARKDOWN, String.raw`\$&`)
      .replace(LIST_MARK, String.raw`$1\$2`)
      .replace(LIST_NUMBER, String.raw`$1\.`)
      .match(ESCAPE_OR_CHARACTER) ?? [],
};

const COLOURS: Readonly<Record<Tone, number>> = {
  critical: 0xd92d20,
  high: 0xf79009,
  medium: 0xfdb022,
  low: 0x2e90fa,
  info: 0x98a2b3,
  acknowledged: 0x6172f3,
  resolved: 0x12b76a,
  dismissed: 0x667085,
  warning: 0xf79009,
  notice: 0x6172f3,
};

/** A Discord webhook: one embed. The empty `allowed_mentions` prevents all mentions. */
export const discordFormat = {
  code: 'discord',
  name: 'Discord',
  description: 'A message in a Discord channel, through a webhook of Discord.',
  settings: [],
  urgency: 'normal',
  format: (delivery, { publicUrl }) => {
    const event = readEvent(delivery);
    const notice = noticeOf(event);
    const budget = new TextBudget(LIMITS.total, DISCORD_TEXT);
    // Discord does not read the footer as Markdown.
    const footer = new TextBudget(LIMITS.title).take(notice.footer, LIMITS.title);
    budget.spend(footer?.length ?? 0);
    const title = budget.take(notice.headline, LIMITS.title);
    const description = notice.message && budget.take(notice.message, LIMITS.description);
    const fields = fieldsOf([...notice.facts, ...notice.details], budget);
    const link = linkOfEvent(event, publicUrl);
    const embed = {
      ...(title ? { title } : {}),
      // The link of the title.
      ...(title && link ? { url: link } : {}),
      ...(description ? { description } : {}),
      color: COLOURS[notice.tone],
      ...(fields.length > 0 ? { fields } : {}),
      ...(footer ? { footer: { text: footer } } : {}),
      ...(event.occurredAt ? { timestamp: event.occurredAt.toISOString() } : {}),
    };
    return {
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ allowed_mentions: { parse: [] }, embeds: [embed] }),
    };
  },
} as const satisfies WebhookFormat;

function fieldsOf(facts: readonly Fact[], budget: TextBudget): object[] {
  budget.spend(OMITTED_NOTE_SIZE);
  // The last field is reserved for the note about omitted facts, if there are any.
  const places = facts.length > LIMITS.fields ? LIMITS.fields - 1 : LIMITS.fields;
  const fields = facts.slice(0, places).flatMap((fact) => {
    if (!budget.has(fact.name.length + MIN_FIELD_SIZE)) return [];
    const name = budget.take(fact.name, LIMITS.fieldName);
    const value = name && budget.take(fact.value, LIMITS.fieldValue);
    return name && value ? { name, value, inline: value.length <= 40 } : [];
  });
  const missing = facts.length - fields.length;
  if (missing > 0 && fields.length < LIMITS.fields) {
    fields.push({ name: '…', value: omittedNote(missing), inline: false });
  }
  return fields;
}
