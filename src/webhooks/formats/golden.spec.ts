import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import {
  aFormattableDelivery,
  aFormatTarget,
  SAMPLE_ATTEMPT,
  SAMPLE_DATA,
  SAMPLE_EVENTS,
} from '../../../test/support/webhook-samples.js';
import { FORMATS, webhookFormat, type FormattableDelivery } from './index.js';

/**
 * Compares all messages byte for byte with golden/: every format with every event, at each limit and one past it, and
 * with hostile text. Long texts are stored as their two ends, length and hash. To update: `npx jest
 * src/webhooks/formats/golden.spec.ts -u`, then review the difference.
 */
const FOLDER = path.join(__dirname, 'golden');
/** Marks a shortened text, an omitted value or a hashed key. */
const SHORTENED = /…|left_out|sha256-/;
/** Limits that continue in the next section instead of cutting. */
const NEVER_SHORTENED = /slack\.limit-fields-in-section/;
/** Would change the direction of the text in the golden file. */
const BIDI_CONTROLS = /[\u202A-\u202E\u2066-\u2069]/g;
const MAX_SHOWN_LENGTH = 400;
// Reads the flags `-u` and `--ci` like Jest's own snapshots.
const mayWrite = (): boolean =>
  (expect.getState() as unknown as { snapshotState: { _updateSnapshot: string } }).snapshotState._updateSnapshot ===
  'all';

const HOSTILE =
  '<!channel> <!here> <@U123> @everyone @here <@&42> [x](http://evil.example) <https://evil.example|safe> *bold* _it_ ~~gone~~ `code` ```block``` ||hidden|| <script>alert(1)</script> &lt;b&gt; :boom: # head\n- list\n> quote\n1. one\n-# small\u0000\u0007\u001B[31m\u202Egnp.exe\u202C \uD800 {{DATE(2026-03-10T12:00:00Z)}} "quoted" \\ back';

const x = (length: number): string => 'x'.repeat(length);
const manyDetails = (count: number, length: number, lastLength?: number): Record<string, unknown> => {
  const lengths = [...Array<number>(count).fill(length), ...(lastLength === undefined ? [] : [lastLength])];
  return { details: Object.fromEntries(lengths.map((size, index) => [`detail_${index + 1}`, x(size)])) };
};

/**
 * For each format: data at a limit, and one past it. Prefixes such as `[CRITICAL] ` count. A total limit reserves space
 * for the note about omitted values, so it is lower than the receiver's limit.
 */
const AT_LIMITS: Record<string, Record<string, [at: Record<string, unknown>, past: Record<string, unknown>]>> = {
  slack: {
    header: [{ title: x(150 - '🔴 [CRITICAL] '.length) }, { title: x(151 - '🔴 [CRITICAL] '.length) }],
    'header-escape': [
      { title: `${x(150 - '🔴 [CRITICAL] &amp;'.length)}&` },
      { title: `${x(151 - '🔴 [CRITICAL] &amp;'.length)}&` },
    ],
    section: [{ message: x(3000) }, { message: x(3001) }],
    field: [{ details: { note: x(2000 - 'Note: '.length) } }, { details: { note: x(2001 - 'Note: '.length) } }],
    'fields-in-section': [manyDetails(10, 5), manyDetails(11, 5)],
    blocks: [manyDetails(450, 1), manyDetails(451, 1)],
    total: [manyDetails(6, 1900, 1085), manyDetails(6, 1900, 1086)],
  },
  teams: {
    headline: [{ title: x(1000 - '[CRITICAL] '.length) }, { title: x(1001 - '[CRITICAL] '.length) }],
    message: [{ message: x(12_000) }, { message: x(12_001) }],
    fact: [{ details: { note: x(2000) } }, { details: { note: x(2001) } }],
    total: [manyDetails(12, 1900, 932), manyDetails(12, 1900, 933)],
  },
  pagerduty: {
    summary: [{ title: x(1024) }, { title: x(1025) }],
    'dedup-key': [{ alert_id: x(255) }, { alert_id: x(256) }],
    'body-size': [manyDetails(1, 511_315), manyDetails(1, 511_316)],
  },
  opsgenie: {
    message: [{ title: x(130) }, { title: x(131) }],
    alias: [{ alert_id: x(512) }, { alert_id: x(513) }],
    description: [{ message: x(14_887) }, { message: x(14_888) }],
    details: [manyDetails(7, 1000, 815), manyDetails(7, 1000, 816)],
    tag: [{ rule_type: x(50) }, { rule_type: x(51) }],
    entity: [{ organization: { name: x(512) } }, { organization: { name: x(513) } }],
  },
  discord: {
    title: [{ title: x(256 - String.raw`\[CRITICAL\] `.length) }, { title: x(257 - String.raw`\[CRITICAL\] `.length) }],
    description: [{ message: x(4096) }, { message: x(4097) }],
    fields: [manyDetails(20, 5), manyDetails(21, 5)],
    'field-name': [{ details: { [x(256)]: 1 } }, { details: { [x(257)]: 1 } }],
    'field-value': [{ details: { note: x(1024) } }, { details: { note: x(1025) } }],
    total: [manyDetails(5, 1000, 653), manyDetails(5, 1000, 654)],
  },
};

function cases(): Map<string, [code: string, delivery: FormattableDelivery, publicUrl?: string]> {
  const all: ReturnType<typeof cases> = new Map();
  for (const { code } of FORMATS) {
    for (const event of SAMPLE_EVENTS) {
      all.set(`${code}.${event.replace('.', '-')}`, [code, aFormattableDelivery(event)]);
    }
    all.set(`${code}.hostile`, [code, aFormattableDelivery('alert.fired', hostile())]);
    all.set(`${code}.linked`, [code, aFormattableDelivery(), 'https://vedette.example/soc/']);
    all.set(`${code}.bare`, [code, { ...aFormattableDelivery(), body: '{}' }]);
    for (const [limit, [at, past]] of Object.entries(AT_LIMITS[code] ?? {})) {
      all.set(`${code}.limit-${limit}-at`, [code, aFormattableDelivery('alert.fired', at)]);
      all.set(`${code}.limit-${limit}-past`, [code, aFormattableDelivery('alert.fired', past)]);
    }
  }
  return all;
}

function hostile(): Record<string, unknown> {
  return {
    rule_name: HOSTILE,
    title: HOSTILE,
    message: HOSTILE,
    organization: { ...(SAMPLE_DATA['alert.fired']?.['organization'] as object), name: HOSTILE },
    details: { [HOSTILE]: HOSTILE, list: [HOSTILE, 1], deep: { inner: HOSTILE } },
  };
}

function elided(_: string, value: unknown): unknown {
  if (typeof value !== 'string' || value.length <= MAX_SHOWN_LENGTH) return value;
  const hash = createHash('sha256').update(value).digest('hex');
  return { starts: value.slice(0, 60), ends: value.slice(-20), length: value.length, sha256: hash };
}

/** Without Slack's fallback text, which is always short. */
function bodyOf(code: string, delivery: FormattableDelivery): string {
  const request = webhookFormat(code).format(delivery, aFormatTarget({ code }), SAMPLE_ATTEMPT);
  return JSON.stringify({ ...JSON.parse(request?.body ?? ''), text: undefined });
}

function written(code: string, delivery: FormattableDelivery, publicUrl: string | null = null): string {
  const request = webhookFormat(code).format(delivery, aFormatTarget({ code }, { publicUrl }), SAMPLE_ATTEMPT);
  if (!request) return 'null\n';
  const { url, headers, body } = request;
  const bytes = Buffer.from(body);
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  const text = JSON.stringify({ url, headers, bytes: bytes.length, sha256, body: JSON.parse(body) }, elided, 2);
  return `${text.replace(BIDI_CONTROLS, (character) => `\\u${character.charCodeAt(0).toString(16)}`)}\n`;
}

describe('the message of each format', () => {
  const all = cases();

  beforeAll(() => {
    if (!mayWrite()) return;
    rmSync(FOLDER, { recursive: true, force: true });
    mkdirSync(FOLDER);
    for (const [name, [code, delivery, publicUrl]] of all) {
      writeFileSync(path.join(FOLDER, `${name}.json`), written(code, delivery, publicUrl));
    }
  });

  it.each([...all])('%s equals its golden file', (name, [code, delivery, publicUrl]) => {
    expect(written(code, delivery, publicUrl)).toBe(readFileSync(path.join(FOLDER, `${name}.json`), 'utf8'));
  });

  const ofLimits = [...all].filter(([name]) => /\.limit-.*-at$/.test(name));
  it.each(ofLimits)('%s is complete, and one more character or item is shortened', (name, [code, delivery]) => {
    const past = all.get(name.replace(/-at$/, '-past'))?.[1] ?? delivery;
    expect(bodyOf(code, delivery)).not.toMatch(SHORTENED);
    if (!NEVER_SHORTENED.test(name)) expect(bodyOf(code, past)).toMatch(SHORTENED);
  });

  it('has no unused golden file', () => {
    expect(readdirSync(FOLDER).sort()).toEqual([...all.keys()].map((name) => `${name}.json`).sort());
  });
});
