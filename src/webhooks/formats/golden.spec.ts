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
 * What every format sends of every event, at each limit and one past it, and of hostile text, is kept in golden/ and compared byte for byte: a long
 * text by its two ends, its length and its hash. After a change that is meant: `npx jest src/webhooks/formats/golden.spec.ts -u`, and read the difference.
 */
const FOLDER = path.join(__dirname, 'golden');
/** What tells a reader that something is missing, or that a key stands for one that was too long. */
const SHORTENED = /…|left_out|sha256-/;
/** What goes on in the next section, and is not cut. */
const HAS_ANOTHER_PLACE = /slack\.limit-fields-in-section/;
/** Would turn what a reader of the golden file sees. */
const TURNS_THE_TEXT = /[\u202A-\u202E\u2066-\u2069]/g;
const LONGEST_SHOWN = 400;
// `-u` and `--ci` as Jest's own snapshots know them.
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
 * By format: what is at a limit, and one past it. `[CRITICAL] ` and its kin take part in what is measured. A total keeps some room for the note of what
 * was left out, so that its border lies that much before the receiver's.
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
    for (const event of SAMPLE_EVENTS)
      all.set(`${code}.${event.replace('.', '-')}`, [code, aFormattableDelivery(event)]);
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
  if (typeof value !== 'string' || value.length <= LONGEST_SHOWN) return value;
  const hash = createHash('sha256').update(value).digest('hex');
  return { starts: value.slice(0, 60), ends: value.slice(-20), length: value.length, sha256: hash };
}

/** But for Slack's fallback text, which is short whatever the rest is. */
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
  return `${text.replace(TURNS_THE_TEXT, (character) => `\\u${character.charCodeAt(0).toString(16)}`)}\n`;
}

describe('what each format sends', () => {
  const all = cases();

  beforeAll(() => {
    if (!mayWrite()) return;
    rmSync(FOLDER, { recursive: true, force: true });
    mkdirSync(FOLDER);
    for (const [name, [code, delivery, publicUrl]] of all)
      writeFileSync(path.join(FOLDER, `${name}.json`), written(code, delivery, publicUrl));
  });

  it.each([...all])('%s is as its golden file says', (name, [code, delivery, publicUrl]) => {
    expect(written(code, delivery, publicUrl)).toBe(readFileSync(path.join(FOLDER, `${name}.json`), 'utf8'));
  });

  const ofLimits = [...all].filter(([name]) => /\.limit-.*-at$/.test(name));
  it.each(ofLimits)('%s is whole, and one more is not', (name, [code, delivery]) => {
    const past = all.get(name.replace(/-at$/, '-past'))?.[1] ?? delivery;
    expect(bodyOf(code, delivery)).not.toMatch(SHORTENED);
    if (!HAS_ANOTHER_PLACE.test(name)) expect(bodyOf(code, past)).toMatch(SHORTENED);
  });

  it('has no golden file that nothing is compared with', () => {
    expect(readdirSync(FOLDER).sort()).toEqual([...all.keys()].map((name) => `${name}.json`).sort());
  });
});
