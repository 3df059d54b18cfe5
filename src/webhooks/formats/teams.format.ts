import { readEvent } from './event-reader.js';
import { LINK_TEXT, linkOfEvent } from './link-of-event.js';
import { noticeOf, type Fact, type Notice, type Tone } from './notice.js';
import { JSON_BYTES, oneLine } from './plain-text.js';
import { omittedNote, TextBudget } from './text-budget.js';
import type { WebhookFormat } from './webhook-format.js';

/** In bytes. Teams allows 28 kB for the whole message without defining kB, so the smaller meaning applies. */
const LIMITS = { total: 28_000, headline: 1000, message: 12_000, fact: 2000, footer: 500 };
/** The size of the card without its texts and additional paragraphs. */
const FRAME = 800;
const PARAGRAPH = 150;
/** A paragraph with a label, and some room for its text. */
const FACT = 220;
const MAX_LINES = 40;

const COLOURS: Readonly<Record<Tone, string>> = {
  critical: 'Attention',
  high: 'Attention',
  medium: 'Warning',
  low: 'Accent',
  info: 'Default',
  acknowledged: 'Accent',
  resolved: 'Good',
  dismissed: 'Default',
  warning: 'Warning',
  notice: 'Accent',
};

/**
 * A message for a Teams workflow ("when a Teams webhook request is received") with an Adaptive Card 1.2. Every text is
 * a `TextRun`, because Teams reads a `TextBlock` or `FactSet` as Markdown.
 */
export const teamsFormat = {
  code: 'teams',
  name: 'Microsoft Teams',
  description: 'A card in a Teams channel or chat, through a workflow that posts what it receives.',
  settings: [],
  urgency: 'normal',
  format: (delivery, { publicUrl }) => {
    const event = readEvent(delivery);
    const link = linkOfEvent(event, publicUrl);
    const actions = link ? [{ type: 'Action.OpenUrl', title: LINK_TEXT, url: link }] : [];
    const content = {
      $schema: 'http://adaptivecards.io/schemas/adaptive-card.json',
      type: 'AdaptiveCard',
      version: '1.2',
      msteams: { width: 'Full' },
      body: cardBody(noticeOf(event), actions.length > 0 ? Buffer.byteLength(JSON.stringify({ actions })) : 0),
      ...(actions.length > 0 ? { actions } : {}),
    };
    const attachment = { contentType: 'application/vnd.microsoft.card.adaptive', contentUrl: null, content };
    return {
      headers: { 'content-type': 'application/json; charset=utf-8' },
      body: JSON.stringify({ type: 'message', attachments: [attachment] }),
    };
  },
} as const satisfies WebhookFormat;

/** @param taken the size of the rest of the card, in bytes. */
function cardBody(notice: Notice, taken: number): object[] {
  const budget = new TextBudget(LIMITS.total - FRAME - taken, JSON_BYTES);
  const headline = budget.take(notice.headline, LIMITS.headline);
  const footer = budget.take(notice.footer, LIMITS.footer);
  const message = notice.message && budget.take(notice.message, LIMITS.message);
  const style = { size: 'Large', weight: 'Bolder', color: COLOURS[notice.tone] };
  return [
    ...(headline ? [paragraph([run(headline, style)])] : []),
    ...linesOf(message ?? '').map((line) => {
      budget.spend(PARAGRAPH);
      return paragraph([run(line)]);
    }),
    ...facts([...notice.facts, ...notice.details], budget),
    ...(footer ? [paragraph([run(footer, { size: 'Small', isSubtle: true })])] : []),
  ];
}

function facts(all: readonly Fact[], budget: TextBudget): object[] {
  budget.spend(FACT);
  const shown = all.flatMap(({ name, value }) => {
    if (!budget.has(FACT)) return [];
    budget.spend(PARAGRAPH);
    const label = budget.take(`${name}: `, LIMITS.fact);
    const text = label && budget.take(oneLine(value), LIMITS.fact);
    return label && text ? paragraph([run(label, { weight: 'Bolder' }), run(text)], 'Small') : [];
  });
  const missing = all.length - shown.length;
  return missing > 0 ? [...shown, paragraph([run(omittedNote(missing), { isSubtle: true })])] : shown;
}

/**
 * A run shows no line break, so each line is its own paragraph. The last paragraph contains all lines after the
 * maximum.
 */
function linesOf(text: string): string[] {
  const lines = text.split('\n').filter((line) => line.trim() !== '');
  const rest = lines.slice(MAX_LINES - 1).join(' ');
  return rest === '' ? lines : [...lines.slice(0, MAX_LINES - 1), rest];
}

function paragraph(inlines: object[], spacing = 'Default'): object {
  return { type: 'RichTextBlock', spacing, inlines };
}

function run(text: string, style: object = {}): object {
  return { type: 'TextRun', text, ...style };
}
