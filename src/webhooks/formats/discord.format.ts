import { readEvent } from './event-reader.js';
import { linkOfEvent } from './link-of-event.js';
import { noticeOf, type Fact, type Tone } from './notice.js';
import { CHARACTERS, type TextMeasure } from './plain-text.js';
import { leftOut, TextBudget } from './text-budget.js';
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
const ROOM_FOR_LEFT_OUT = 40;
/** Less room than this shows nothing that anybody could read. */
const LEAST_FIELD = 20;

/** Wherever they stand; a colon so that no address becomes a link and no `:name:` an emoji. */
const MARKDOWN = /[\\`*_~|<>[\]()@:#]/g;
/** Only at the beginning of a line: a list, and `-#`, small print. */
const LIST_MARK = /^(\s*)([-+])/gm;
const LIST_NUMBER = /^(\s*\d+)\./gm;
const ESCAPE_OR_CHARACTER = /\\[^]|[^]/gu;

/** A backslash makes any punctuation mark of Discord's Markdown plain. Every backslash begins an escape, so that none is torn apart. */
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

/** A webhook of Discord: one embed. `allowed_mentions` is empty, so that nothing in it calls anybody whatever it says. */
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
    // The one text that Discord does not read as Markdown.
    const footer = new TextBudget(LIMITS.title).take(notice.footer, LIMITS.title);
    budget.spend(footer?.length ?? 0);
    const title = budget.take(notice.headline, LIMITS.title);
    const description = notice.message && budget.take(notice.message, LIMITS.description);
    const fields = fieldsOf([...notice.facts, ...notice.details], budget);
    const link = linkOfEvent(event, publicUrl);
    const embed = {
      ...(title ? { title } : {}),
      // The address that the title leads to.
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
  budget.spend(ROOM_FOR_LEFT_OUT);
  // The last place is kept for the note of what was left out, if anything was.
  const places = facts.length > LIMITS.fields ? LIMITS.fields - 1 : LIMITS.fields;
  const fields = facts.slice(0, places).flatMap((fact) => {
    if (!budget.has(fact.name.length + LEAST_FIELD)) return [];
    const name = budget.take(fact.name, LIMITS.fieldName);
    const value = name && budget.take(fact.value, LIMITS.fieldValue);
    return name && value ? { name, value, inline: value.length <= 40 } : [];
  });
  const missing = facts.length - fields.length;
  if (missing > 0 && fields.length < LIMITS.fields) fields.push({ name: '…', value: leftOut(missing), inline: false });
  return fields;
}
