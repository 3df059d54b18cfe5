import fc from 'fast-check';
import { Webhook } from 'standardwebhooks';
import { RECEIVER_RULES } from '../../../test/support/receiver-limits.js';
import {
  aFormattableDelivery,
  aFormatTarget,
  SAMPLE_ATTEMPT,
  SAMPLE_DATA,
  SAMPLE_EVENTS,
  SAMPLE_SECRET,
} from '../../../test/support/webhook-samples.js';
import { FORMATS, type FormattableDelivery, webhookFormat } from './index.js';

const PUBLIC_URL = 'https://vedette.example/soc/';
const CODES = FORMATS.map(({ code }) => code);

// eslint-disable-next-line @typescript-eslint/no-explicit-any -- a receiver reads whatever it is sent
function send(code: string, delivery: FormattableDelivery): { headers: Record<string, string>; body: any } {
  const request = webhookFormat(code).format(delivery, aFormatTarget({ code }), SAMPLE_ATTEMPT);
  if (!request) throw new Error(`${code} sends nothing of ${delivery.eventType}`);
  return { headers: request.headers, body: JSON.parse(request.body) };
}

const anyText = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 60 }),
  fc.string({
    unit: fc.constantFrom('&', '<', '>', '\\', '*', '`', '"', '\n', '😀', '\uD800', '\u202E', ' ', 'a', '1.', '- '),
  }),
  // Long texts of characters of every width, some of which need an escape.
  fc
    .tuple(
      fc.constantFrom('x', '&', '<', '\\', '_', '"', '\n', '😀', 'é', '漢', '\u0001', '\uDC00'),
      fc.integer({ min: 0, max: 20_000 }),
    )
    .map(([character, count]) => character.repeat(count)),
);
const anyValue = fc.oneof(
  anyText,
  fc.double(),
  fc.boolean(),
  fc.constant(null),
  fc.array(anyText, { maxLength: 5 }),
  fc.jsonValue(),
);
const anyAlertId = fc.constantFrom(SAMPLE_DATA['alert.fired']?.['alert_id'] as string);
const anyData = fc.record(
  {
    ...Object.fromEntries(
      ['rule_id', 'rule_name', 'rule_type', 'title', 'message', 'status', 'created_at', 'cause'].map((name) => [
        name,
        anyValue,
      ]),
    ),
    alert_id: fc.oneof(anyValue, anyAlertId),
    webhook_id: anyValue,
    webhook_name: anyValue,
    severity: fc.oneof(anyText, fc.constantFrom('critical', 'high', 'medium', 'low', 'info')),
    details: fc.oneof(anyValue, fc.dictionary(anyText, anyValue, { maxKeys: 60 })),
    organization: fc.oneof(anyValue, fc.record({ id: anyValue, name: anyValue }, { requiredKeys: [] })),
    actor: fc.oneof(anyValue, fc.record({ name: anyValue })),
    is_demo: fc.boolean(),
  },
  { requiredKeys: [] },
);
const anyDelivery = fc
  .record({
    eventType: fc.constantFrom(...SAMPLE_EVENTS),
    data: anyData,
    timestamp: fc.oneof(anyText, fc.constant('2026-03-10T12:00:00.000Z')),
  })
  .map(({ eventType, data, timestamp }): FormattableDelivery => ({
    ...aFormattableDelivery(eventType),
    body: JSON.stringify({ type: eventType, timestamp, data }),
  }));

describe.each(CODES)('the format %s', (code) => {
  const format = webhookFormat(code);
  const target = aFormatTarget({ code });

  it('sends a valid and repeatable message for any event', () => {
    fc.assert(
      fc.property(anyDelivery, fc.constantFrom(null, PUBLIC_URL), (delivery, publicUrl) => {
        const target = aFormatTarget({ code }, { publicUrl });
        const request = format.format(delivery, target, SAMPLE_ATTEMPT);
        if (!request) throw new Error('nothing is sent');
        expect(format.format(delivery, target, SAMPLE_ATTEMPT)).toEqual(request);
        expect(RECEIVER_RULES[code]?.(JSON.parse(request.body), request)).toEqual([]);
        for (const value of Object.values(request.headers)) expect(value).toMatch(/^[\x20-\x7e]+$/);
      }),
      { numRuns: 100 },
    );
  });

  it.each([
    '',
    'not JSON',
    'null',
    '[]',
    '{"data":7}',
    '{"type":"ping","timestamp":3,"data":{"title":{},"details":[1]}}',
  ])('sends a valid message for the body %j', (body) => {
    const request = format.format({ ...aFormattableDelivery(), body }, target, SAMPLE_ATTEMPT);
    if (code === 'standard') return expect(request?.body).toBe(body);
    expect(RECEIVER_RULES[code]?.(JSON.parse(request?.body ?? ''), request ?? { headers: {}, body: '' })).toEqual([]);
    expect(request?.body).not.toMatch(/undefined|\[object|null,null|NaN/);
  });
});

describe('hostile text', () => {
  const MARKUP = [
    '<!channel>',
    '<@U123>',
    '@everyone',
    '[x](http://evil)',
    '*bold*',
    '`code`',
    '<script>',
    '\u202Eexe.gpj',
    'a\r\nX-Evil: 1',
  ];
  const everywhere = (text: string): FormattableDelivery =>
    aFormattableDelivery('alert.fired', {
      rule_name: text,
      title: text,
      message: text,
      details: { [text]: text, list: [text] },
      organization: { id: 'o', name: text },
    });

  it.each(MARKUP)('reaches Slack as plain text: %j', (text) => {
    const { body } = send('slack', everywhere(text));
    expect(JSON.stringify(body)).not.toMatch(/[<>\u202E\r]|mrkdwn"(?!:false)/);
    const shown = (body.blocks[1].text.text as string)
      .replaceAll('&lt;', '<')
      .replaceAll('&gt;', '>')
      .replaceAll('&amp;', '&');
    expect(shown).toBe(text.replace('\u202E', '\uFFFD').replace('\r\n', '\n'));
  });

  it.each(MARKUP)('reaches Discord as plain text: %j', (text) => {
    const { body } = send('discord', everywhere(text));
    const description = body.embeds[0].description as string;
    // The text as Discord shows it, with escapes removed. The rest must contain no markup.
    expect(description.replace(/\\([^0-9A-Za-z\s])/g, '$1')).toBe(
      text.replace('\u202E', '\uFFFD').replace('\r\n', '\n'),
    );
    expect(description.replace(/\\[^]/g, '')).not.toMatch(/[*_~`|<>[\]()@]|:\/\//);
    expect(body.allowed_mentions).toEqual({ parse: [] });
  });

  it.each(MARKUP)('reaches Teams as plain text: %j', (text) => {
    const { body } = send('teams', everywhere(text));
    const blocks = body.attachments[0].content.body as { type: string; inlines: { type: string; text: string }[] }[];
    expect(new Set(blocks.flatMap(({ type, inlines }) => [type, ...inlines.map((run) => run.type)]))).toEqual(
      new Set(['RichTextBlock', 'TextRun']),
    );
    expect(blocks[0]?.inlines[0]?.text).toBe(`[CRITICAL] ${text.replace('\u202E', '\uFFFD').replace('\r\n', ' ')}`);
  });

  it('is no HTML in Opsgenie', () => {
    expect(send('opsgenie', everywhere('<script>x</script>')).body.message).toBe('‹script›x‹/script›');
  });

  it('cannot add a header, even from a stored setting', () => {
    const settings = { api_key: 'abcdefgh\r\nX-Evil: 1' };
    expect(() =>
      webhookFormat('opsgenie').format(
        aFormattableDelivery(),
        aFormatTarget({ code: 'opsgenie' }, { settings }),
        SAMPLE_ATTEMPT,
      ),
    ).toThrow(/^the setting api_key is missing or not valid$/);
  });

  it('is never cut inside an escape or a pair of surrogates', () => {
    const header = (title: string): string =>
      send('slack', aFormattableDelivery('alert.fired', { title })).body.blocks[0].text.text as string;
    expect(header('&'.repeat(200))).toMatch(/^🔴 \[CRITICAL\] (&amp;)+…$/);
    expect(header('x' + '😀'.repeat(100))).toMatch(/^🔴 \[CRITICAL\] x(😀)+…$/u);
    const { title } = send('discord', aFormattableDelivery('alert.fired', { title: `x${'*'.repeat(300)}` })).body
      .embeds[0];
    expect(title).toMatch(/^\\\[CRITICAL\\\] x(\\\*)+…$/);
  });
});

describe('an opened alert', () => {
  const KEY = SAMPLE_DATA['alert.fired']?.['alert_id'] as string;

  it.each([
    ['alert.fired', 'trigger'],
    ['alert.acknowledged', 'acknowledge'],
    ['alert.resolved', 'resolve'],
    ['alert.dismissed', 'resolve'],
  ])('has the same key in PagerDuty for %s', (event, action) => {
    expect(send('pagerduty', aFormattableDelivery(event)).body).toMatchObject({ event_action: action, dedup_key: KEY });
  });

  it.each([
    ['https://api.opsgenie.com/v2/alerts', 'https://api.opsgenie.com/v2/alerts'],
    ['https://api.eu.opsgenie.com/v2/alerts/', 'https://api.eu.opsgenie.com/v2/alerts'],
    [
      'https://api.atlassian.com/jsm/ops/integration/v2/alerts',
      'https://api.atlassian.com/jsm/ops/integration/v2/alerts',
    ],
  ])('is acknowledged and closed by alias at %s', (url, base) => {
    const format = webhookFormat('opsgenie');
    const target = aFormatTarget(format, { url });
    const urlOf = (event: string): string | undefined =>
      format.format(aFormattableDelivery(event), target, SAMPLE_ATTEMPT)?.url;
    expect(urlOf('alert.fired')).toBeUndefined();
    expect(urlOf('alert.acknowledged')).toBe(`${base}/${KEY}/acknowledge?identifierType=alias`);
    expect(urlOf('alert.resolved')).toBe(`${base}/${KEY}/close?identifierType=alias`);
    expect(urlOf('alert.dismissed')).toBe(`${base}/${KEY}/close?identifierType=alias`);
  });

  it('keeps its fingerprint and group in Alertmanager after the organisation was renamed', () => {
    const fired = send('alertmanager', aFormattableDelivery('alert.fired')).body;
    const organization = { ...(SAMPLE_DATA['alert.fired']?.['organization'] as object), name: 'Another name' };
    const resolved = send('alertmanager', aFormattableDelivery('alert.resolved', { organization })).body;
    expect(resolved.alerts[0].fingerprint).toBe(fired.alerts[0].fingerprint);
    expect(resolved.groupKey).toBe(fired.groupKey);
    expect(fired.alerts[0]).toMatchObject({
      status: 'firing',
      startsAt: '2026-03-10T12:00:00.000Z',
      endsAt: '0001-01-01T00:00:00Z',
    });
    expect(resolved.alerts[0]).toMatchObject({
      status: 'resolved',
      startsAt: '2026-03-10T12:00:00.000Z',
      endsAt: '2026-03-10T14:30:00.000Z',
    });
  });

  it.each([
    ['critical', 'critical', 'P1'],
    ['high', 'error', 'P2'],
    ['medium', 'warning', 'P3'],
    ['low', 'info', 'P4'],
    ['info', 'info', 'P5'],
  ])('of severity %s is %s in PagerDuty and %s in Opsgenie', (severity, word, priority) => {
    const delivery = aFormattableDelivery('alert.fired', { severity });
    expect(send('pagerduty', delivery).body.payload.severity).toBe(word);
    expect(send('opsgenie', delivery).body.priority).toBe(priority);
  });

  it.each(['pagerduty', 'opsgenie'])('sends nothing to %s for an unknown event', (code) => {
    const delivery = { ...aFormattableDelivery(), eventType: 'alert.escalated' };
    expect(webhookFormat(code).format(delivery, aFormatTarget({ code }), SAMPLE_ATTEMPT)).toBeNull();
  });

  it('has another key than a test, and all tests share one key', () => {
    const ping = send('pagerduty', aFormattableDelivery('ping')).body;
    expect(ping).toMatchObject({ event_action: 'trigger', payload: { severity: 'info' } });
    expect(ping.dedup_key).not.toBe(KEY);
    expect(send('pagerduty', { ...aFormattableDelivery('ping'), eventId: 'another' }).body.dedup_key).toBe(
      ping.dedup_key,
    );
  });
});

describe('the link to an alert', () => {
  const ALERT_ID = SAMPLE_DATA['alert.fired']?.['alert_id'] as string;
  const LINK = `https://vedette.example/soc/alerts/${ALERT_ID}`;
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- a receiver reads whatever it is sent
  const linkIn: Record<string, (body: any) => unknown> = {
    alertmanager: (body) => body.alerts[0].generatorURL,
    slack: (body) => body.blocks.find((block: any) => block.text?.type === 'mrkdwn')?.text.text, // eslint-disable-line @typescript-eslint/no-explicit-any -- as above
    teams: (body) => body.attachments[0].content.actions?.[0].url,
    pagerduty: (body) => body.links?.[0].href,
    opsgenie: (body) => body.details.alert_url,
    discord: (body) => body.embeds[0].url,
  };
  const sent = (code: string, delivery: FormattableDelivery, publicUrl: string | null): unknown => {
    const request = webhookFormat(code).format(delivery, aFormatTarget({ code }, { publicUrl }), SAMPLE_ATTEMPT);
    return linkIn[code]!(JSON.parse(request?.body ?? ''));
  };

  it.each(Object.keys(linkIn))('equals the link in e-mails for %s, and is missing without a public URL', (code) => {
    const fired = aFormattableDelivery('alert.fired');
    expect(sent(code, fired, PUBLIC_URL)).toBe(code === 'slack' ? `<${LINK}|Open the alert>` : LINK);
    expect(sent(code, fired, null) || undefined).toBeUndefined();
  });

  it.each(Object.keys(linkIn))('cannot be forged by an event for %s', (code) => {
    const forged = aFormattableDelivery('alert.fired', { alert_id: 'x|y> <!channel>/../../docs' });
    expect(sent(code, forged, PUBLIC_URL) ?? 'https://vedette.example/soc').toBe('https://vedette.example/soc');
  });

  it('uses the external URL of the Alertmanager endpoint if it has one', () => {
    const target = { settings: { external_url: 'https://other.example/' }, publicUrl: PUBLIC_URL };
    const { body } = webhookFormat('alertmanager').format(
      aFormattableDelivery('alert.fired'),
      aFormatTarget({ code: 'alertmanager' }, target),
      SAMPLE_ATTEMPT,
    )!;
    expect(JSON.parse(body)).toMatchObject({
      externalURL: 'https://other.example',
      alerts: [{ generatorURL: `https://other.example/alerts/${ALERT_ID}` }],
    });
  });
});

describe('a signed format', () => {
  it.each(['standard', 'cloudevents'])('%s passes the verification of its exact bytes', (code) => {
    const at = new Date();
    const delivery = aFormattableDelivery('alert.fired', { title: 'naïve “quotes” 漢字 😀' });
    const request = webhookFormat(code).format(delivery, aFormatTarget({ code }), at);
    expect(new Webhook(SAMPLE_SECRET).verify(request?.body ?? '', request?.headers ?? {})).toEqual(
      JSON.parse(request?.body ?? ''),
    );
    expect(request?.headers['webhook-id']).toBe(`msg_${delivery.id}`);
  });
});
