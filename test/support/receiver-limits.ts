import type { FormattedRequest } from '../../src/webhooks/formats/index.js';

type Json = any; // eslint-disable-line @typescript-eslint/no-explicit-any -- a receiver reads whatever it is sent

/**
 * The limits of each receiver, from its documentation and not from our code. Each function returns the violated rules.
 */
export const RECEIVER_RULES: Readonly<Record<string, (body: Json, request: FormattedRequest) => string[]>> = {
  standard: () => [],
  cloudevents: (event) => [
    ...unless(event.specversion === '1.0', 'specversion'),
    ...['id', 'source', 'type'].flatMap((name) => unless(isText(event[name]), name)),
    ...unless(event.subject === undefined || isText(event.subject), 'subject'),
    ...unless(event.time === undefined || isInstant(event.time), 'time'),
  ],
  alertmanager: (message) => [
    ...unless(message.version === '4' && message.truncatedAlerts === 0, 'version'),
    ...['groupKey', 'status', 'receiver', 'externalURL'].flatMap((name) =>
      unless(typeof message[name] === 'string', name),
    ),
    ...['groupLabels', 'commonLabels', 'commonAnnotations'].flatMap((name) => unless(isTexts(message[name]), name)),
    ...message.alerts.flatMap((alert: Json) => [
      ...unless(isTexts(alert.labels) && isTexts(alert.annotations), 'labels'),
      ...unless(
        Object.keys(alert.labels as object).every((name) => /^[a-zA-Z_]\w*$/.test(name)),
        'label name',
      ),
      ...unless(isInstant(alert.startsAt), 'startsAt'),
      ...unless(
        alert.status === 'resolved' ? isInstant(alert.endsAt) : alert.endsAt === '0001-01-01T00:00:00Z',
        'endsAt',
      ),
      ...unless(/^[0-9a-f]{16}$/.test(alert.fingerprint as string), 'fingerprint'),
    ]),
  ],
  slack: ({ text, blocks, mrkdwn }) => {
    const texts: Json[] = blocks.flatMap((block: Json) =>
      [block.text ?? [], block.fields ?? [], block.elements ?? []].flat(),
    );
    const total = [text, ...texts.map((object) => object.text as string)].join('');
    return [
      ...unless(isText(text) && mrkdwn === false, 'text'),
      ...unless(blocks.length <= 50, 'blocks'),
      ...unless(total.length <= 13_000, 'total'),
      ...blocks.flatMap((block: Json) => [
        ...unless(block.type !== 'header' || block.text.text.length <= 150, 'header'),
        ...unless(block.type !== 'section' || !block.text || block.text.text.length <= 3000, 'section'),
        ...unless(!block.fields || (block.fields.length >= 1 && block.fields.length <= 10), 'fields'),
        ...unless(
          (block.fields ?? []).every((field: Json) => field.text.length <= 2000),
          'field',
        ),
      ]),
      ...texts.flatMap((object) =>
        unless(isText(object.text) && (object.type === 'plain_text' || isAlertLink(object.text)), 'text object'),
      ),
      ...unless(texts.filter(({ type }) => type !== 'plain_text').length <= 1, 'one link'),
      // Entities are complete, and no other markup exists.
      ...texts.flatMap(({ type, text: shown }) =>
        unless(type !== 'plain_text' || !/[<>]|&(?!amp;|lt;|gt;)/.test(shown as string), 'markup'),
      ),
      ...unless(!/[<>]|&(?!amp;|lt;|gt;)/.test(text as string), 'markup of the text'),
    ];
  },
  teams: (message, { body }) => {
    const card = message.attachments[0].content;
    const runs: Json[] = card.body.flatMap((block: Json) => block.inlines);
    return [
      ...unless(Buffer.byteLength(body) <= 28_000, 'size'),
      ...unless(
        (card.actions ?? []).every(({ type, url }: Json) => type === 'Action.OpenUrl' && isHttpUrl(url)),
        'actions',
      ),
      ...unless(card.type === 'AdaptiveCard' && card.version === '1.2', 'card'),
      // Teams reads a TextBlock and a FactSet as Markdown.
      ...unless(
        card.body.every((block: Json) => block.type === 'RichTextBlock'),
        'block',
      ),
      ...unless(
        runs.every((run) => run.type === 'TextRun' && isText(run.text) && !run.text.includes('\n')),
        'run',
      ),
    ];
  },
  pagerduty: (event, { body }) => [
    ...unless(Buffer.byteLength(body) <= 512_000, 'size'),
    ...unless(
      (event.links ?? []).every(({ href, text }: Json) => isHttpUrl(href) && isText(text)),
      'links',
    ),
    ...unless(event.client_url === undefined || isHttpUrl(event.client_url), 'client_url'),
    ...unless(['trigger', 'acknowledge', 'resolve'].includes(event.event_action as string), 'event_action'),
    ...unless(isText(event.dedup_key) && event.dedup_key.length <= 255, 'dedup_key'),
    ...unless(/^\w{32}$/.test(event.routing_key as string), 'routing_key'),
    ...(event.event_action === 'trigger'
      ? [
          ...unless(isText(event.payload.summary) && event.payload.summary.length <= 1024, 'summary'),
          ...unless(isText(event.payload.source), 'source'),
          ...unless(['critical', 'error', 'warning', 'info'].includes(event.payload.severity as string), 'severity'),
          ...unless(event.payload.timestamp === undefined || isInstant(event.payload.timestamp), 'timestamp'),
        ]
      : unless(event.payload === undefined, 'payload')),
  ],
  opsgenie: (alert, { url }) => {
    if (url) return unless((alert.note?.length ?? 0) <= 25_000 && (alert.user?.length ?? 0) <= 100, 'note');
    const details = Object.entries(alert.details as Record<string, string>).flat();
    return [
      ...unless(isText(alert.message) && alert.message.length <= 130, 'message'),
      ...unless(isText(alert.alias) && alert.alias.length <= 512, 'alias'),
      ...unless((alert.description?.length ?? 0) <= 15_000, 'description'),
      ...unless((alert.entity?.length ?? 0) <= 512, 'entity'),
      ...unless(alert.tags.length <= 20 && alert.tags.every((tag: string) => isText(tag) && tag.length <= 50), 'tags'),
      ...unless(details.every(isText) && details.join('').length <= 8000, 'details'),
      ...unless(/^P[1-5]$/.test(alert.priority as string), 'priority'),
    ];
  },
  discord: ({ allowed_mentions: mentions, embeds: [embed] }) => {
    const fields: Json[] = embed.fields ?? [];
    const texts = [
      embed.title,
      embed.description,
      embed.footer?.text,
      ...fields.flatMap(({ name, value }) => [name, value]),
    ];
    return [
      ...unless(mentions.parse.length === 0, 'allowed_mentions'),
      ...unless((embed.title?.length ?? 0) <= 256, 'title'),
      ...unless((embed.description?.length ?? 0) <= 4096, 'description'),
      ...unless(embed.url === undefined || isHttpUrl(embed.url), 'url'),
      ...unless(fields.length <= 25, 'fields'),
      ...unless(
        fields.every(({ name, value }) => name.length <= 256 && value.length <= 1024),
        'field',
      ),
      ...unless(texts.join('').length <= 6000, 'total'),
      ...unless(
        texts.every((text) => text === undefined || isText(text)),
        'text',
      ),
      ...unless(embed.timestamp === undefined || isInstant(embed.timestamp), 'timestamp'),
    ];
  },
};

/** Whether the text is exactly one link to an alert in `mrkdwn`. */
function isAlertLink(text: string): boolean {
  return /^<https:\/\/[^\s<>|]+\/alerts\/[0-9a-f-]{36}\|Open the alert>$/.test(text);
}

function unless(condition: boolean, fault: string): string[] {
  return condition ? [] : [fault];
}

/** Visible text without a lone surrogate, and not the word `undefined`. */
function isText(value: unknown): value is string {
  return typeof value === 'string' && value.trim() !== '' && !/\p{Cs}/u.test(value) && value !== 'undefined';
}

function isHttpUrl(value: unknown): boolean {
  return typeof value === 'string' && /^https?:$/.test(new URL(value).protocol) && value.length <= 3000;
}

function isTexts(value: unknown): boolean {
  return Object.values(value as object).every((text) => typeof text === 'string' && !/\p{Cs}/u.test(text));
}

function isInstant(value: unknown): boolean {
  return typeof value === 'string' && /^\d{4}-\d\d-\d\dT/.test(value) && !Number.isNaN(Date.parse(value));
}
