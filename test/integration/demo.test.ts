import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { spawn, type ChildProcess } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { Webhook } from 'standardwebhooks';
import { PasswordHasher } from '../../src/auth/index.js';
import { readFacts } from '../../src/catalogue/facts/attack-facts.js';
import { SecretBox } from '../../src/common/secret-box.js';
import { Transactions } from '../../src/database/index.js';
import { DEMO_WEBHOOK_SECRET } from '../../src/demo/demo-webhook.js';
import { DEMO_PASSWORD, DEMO_USERS, DemoModule, DemoService } from '../../src/demo/index.js';
import { EvaluationModule, EvaluationService } from '../../src/evaluation/index.js';
import { RunStore } from '../../src/evaluation/run-store.js';
import { relationsAsOf } from '../../src/posture/reading/posture-as-of.js';
import { CatalogueImportService } from '../../src/releases/import/catalogue-import.service.js';
import { ReleasesModule } from '../../src/releases/releases.module.js';
import { RulesModule, SYSTEM_RULES, SystemRulesService } from '../../src/rules/index.js';
import { SnapshotsService } from '../../src/snapshots/snapshots.service.js';
import { WebhooksModule } from '../../src/webhooks/index.js';
import { anOrganization } from '../support/factories.js';
import { NOW, startTestModule, type TestContext } from '../support/test-module.js';

const RECEIVER_URL = 'http://127.0.0.1:4999/webhooks';

/** The documented keys of the details of each rule type. */
const DETAILS_KEYS: Record<string, string[]> = {
  high_risk: ['count', 'threshold', 'top_ids', 'top_scores'],
  stale_technique: ['count', 'days_stale', 'example_ids'],
  coverage_regression: ['previous_pct', 'current_pct', 'drop_pct', 'previous_date', 'current_date'],
  low_coverage: ['coverage_pct', 'threshold', 'validated', 'partial', 'total'],
  expiry_wave: ['pending_count', 'threshold'],
  new_technique: ['count', 'lookback_days', 'technique_ids', 'mitre_ids'],
  orphan_spike: ['orphan_count', 'total', 'threshold'],
};

let context: TestContext;
let demo: string;

beforeAll(async () => {
  context = await startTestModule([
    WebhooksModule.register(),
    EvaluationModule,
    ReleasesModule,
    RulesModule,
    DemoModule,
  ]);
  const facts = readFacts(await readFile(path.resolve('data/attack-enterprise-18.1.json'), 'utf8'));
  await inTransaction((manager) =>
    context.module.get(CatalogueImportService).importSlice(manager, facts, { source: 'shipped', importedBy: null }),
  );
  demo = await aDemoOrganization();
  await fill(demo);
}, 60_000);

afterAll(async () => {
  await context.close();
});

const inTransaction: Transactions['run'] = (work) => context.module.get(Transactions, { strict: false }).run(work);
const rows = <Row = Record<string, unknown>>(sql: string, parameters: unknown[] = []): Promise<Row[]> =>
  context.database.query<Row>(sql, parameters);

async function aDemoOrganization(): Promise<string> {
  const id = await anOrganization(context.database, { name: 'Harbour Mutual (demo)' });
  await rows('UPDATE organization SET is_demo = true WHERE id = $1', [id]);
  await inTransaction((manager) => context.module.get(SystemRulesService, { strict: false }).seed(manager));
  return id;
}

async function fill(organizationId: string, receiverUrl: string | undefined = RECEIVER_URL, now = NOW): Promise<void> {
  await inTransaction((manager) => context.module.get(DemoService).fill(manager, { organizationId, now, receiverUrl }));
}

/** Reads everything that the generator writes for an organisation, except ids, which differ from run to run. */
async function contents(organizationId: string): Promise<Record<string, unknown[]>> {
  const of = <Row = unknown>(sql: string): Promise<Row[]> => rows<Row>(sql, [organizationId]);
  return {
    posture: await of(
      `SELECT p.technique_id, p.status_global, p.last_review_date, p.risk_score, o.email AS owner, p.mitre_last_modified, p.updated_at, u.email AS by
       FROM posture p LEFT JOIN user_account o ON o.id = p.owner_id LEFT JOIN user_account u ON u.id = p.updated_by
       WHERE organization_id = $1 AND in_force ORDER BY 1`,
    ),
    history: await of(
      `SELECT technique_id, version, status_global, last_review_date, risk_score, o.email AS owner, valid_from, valid_to, u.email AS by
       FROM posture_history h LEFT JOIN user_account o ON o.id = h.owner_id LEFT JOIN user_account u ON u.id = h.changed_by
       WHERE organization_id = $1 AND change_source = 'demo' ORDER BY 1, 2`,
    ),
    queue: await of(
      `SELECT technique_id, status, reason, a.email AS assignee, due_at, q.created_at, q.updated_at, completed_at
       FROM revalidation_item q LEFT JOIN user_account a ON a.id = q.assignee_id
       WHERE organization_id = $1 ORDER BY q.created_at, technique_id, status`,
    ),
    snapshots: await of(
      `SELECT snapshot_date::text, coverage_pct, total, validated, partial, in_progress, not_covered, not_evaluated, source, created_at
       FROM posture_snapshot WHERE organization_id = $1 ORDER BY 1`,
    ),
    alerts: await of(
      `SELECT rule_name, severity, title, message, details, status, acknowledged_at, resolved_at, dismissed_at, created_at
       FROM alert_instance WHERE organization_id = $1 ORDER BY created_at, rule_name`,
    ),
    members: await of(
      `SELECT u.email, u.display_name, m.role, m.is_active, m.created_at, m.updated_at
       FROM membership m JOIN user_account u ON u.id = m.user_id WHERE organization_id = $1 ORDER BY 1`,
    ),
    notifications: await of(
      `SELECT u.email, n.title, n.created_at, n.read_at
       FROM notification n JOIN user_account u ON u.id = n.user_id WHERE organization_id = $1 ORDER BY 3, 1, 2`,
    ),
    webhooks: (
      await of<{ id: string; url: string }>(
        'SELECT id, name, url, events, format, is_enabled FROM webhook_endpoint WHERE organization_id = $1',
      )
    ).map(({ id, url, ...rest }) => ({
      ...rest,
      url: context.module.get(SecretBox, { strict: false }).open(url, `${id}:url`),
    })),
  };
}

const count = async (sql: string): Promise<number> =>
  (await rows<{ count: number }>(`SELECT count(*)::integer AS count FROM ${sql}`, [demo]))[0]!.count;

describe('the data of the demo', () => {
  it('is the same for the same instant', async () => {
    const again = await aDemoOrganization();
    await fill(again);
    expect(await contents(again)).toEqual(await contents(demo));
  });

  it('keeps all changes at later starts, which only update the URL of the receiver', async () => {
    const before = await contents(demo);
    await rows(`UPDATE posture SET risk_score = 1 WHERE organization_id = $1`, [demo]);
    const changed = await contents(demo);
    await fill(demo, 'http://127.0.0.1:5001/webhooks', new Date('2026-03-12T08:00:00Z'));
    expect(await contents(demo)).toEqual({
      ...changed,
      webhooks: [{ ...(changed.webhooks![0] as object), url: 'http://127.0.0.1:5001/webhooks' }],
    });

    demo = await aDemoOrganization();
    await fill(demo);
    expect(await contents(demo)).toEqual(before);
  });

  it('is never added to an organisation that is not a demo', async () => {
    const real = await anOrganization(context.database);
    const before = await contents(real);
    await expect(fill(real)).rejects.toMatchObject({ code: 'conflict' });
    expect(await contents(real)).toEqual(before);
  });

  it('has 120 daily snapshots up to today, and the newest equals a snapshot taken now', async () => {
    const days = await rows<{ date: string; gap: number | null }>(
      `SELECT snapshot_date::text AS date, snapshot_date - lag(snapshot_date) OVER (ORDER BY snapshot_date) AS gap
       FROM posture_snapshot WHERE organization_id = $1 ORDER BY 1`,
      [demo],
    );
    expect(days).toHaveLength(120);
    expect(days.at(-1)!.date).toBe('2026-03-10');
    expect(new Set(days.slice(1).map(({ gap }) => gap))).toEqual(new Set([1]));

    const newest = (): Promise<unknown[]> =>
      rows(
        `SELECT coverage_pct, total, validated, partial, in_progress, not_covered, not_evaluated
         FROM posture_snapshot WHERE organization_id = $1 ORDER BY snapshot_date DESC LIMIT 1`,
        [demo],
      );
    const generated = await newest();
    await context.module.get(SnapshotsService, { strict: false }).take(demo);
    expect(await newest()).toEqual(generated);
  });

  it('has months of history with the same coverage as the snapshots', async () => {
    const coverage = await rows<{ day: string; replayed: number; stored: number }>(
      `SELECT s.snapshot_date::text AS day, s.coverage_pct AS stored, p.replayed
       FROM posture_snapshot s
       CROSS JOIN LATERAL (
         SELECT (100 * count(*) FILTER (WHERE status_global = 'validated') + 50 * count(*) FILTER (WHERE status_global = 'partial'))::float8 / count(*) AS replayed
         FROM ${relationsAsOf('s.valid_from').posture} p WHERE p.organization_id = s.organization_id AND in_force AND status_global <> 'not_applicable'
       ) p
       WHERE s.organization_id = $1 AND s.snapshot_date > '2025-11-11' ORDER BY 1`,
      [demo],
    );
    expect(coverage).toHaveLength(119);
    expect(coverage.at(-1)!.replayed).toBeCloseTo(coverage.at(-1)!.stored, 6);
    expect(coverage.at(-2)!.replayed).toBeCloseTo(coverage.at(-2)!.stored, 6);
    // The snapshots contain noise and an outage of a log source, which the posture history does not contain.
    const near = coverage.filter(({ replayed, stored }) => Math.abs(replayed - stored) < 5);
    expect(near.length).toBeGreaterThan(110);
    expect(await count('revalidation_item_history WHERE organization_id = $1')).toBeGreaterThan(50);
  });

  it('has snapshots with counts that match their total and their coverage', async () => {
    expect(
      await count(
        `posture_snapshot WHERE organization_id = $1 AND (validated + partial + in_progress + not_covered + not_evaluated <> total
           OR least(validated, partial, in_progress, not_covered, not_evaluated) < 0
           OR abs(coverage_pct - (100 * validated + 50 * partial)::float8 / total) > 1e-9)`,
      ),
    ).toBe(0);
  });

  it('has coverage that rises for months, then falls overnight by 5 to 9 points to at most 30 %', async () => {
    const coverage = (
      await rows<{ pct: number }>(
        'SELECT coverage_pct AS pct FROM posture_snapshot WHERE organization_id = $1 ORDER BY snapshot_date',
        [demo],
      )
    ).map(({ pct }) => pct);
    const [first, yesterday, today] = [coverage[0]!, coverage.at(-2)!, coverage.at(-1)!];
    expect(yesterday - first).toBeGreaterThan(10);
    expect(yesterday - today).toBeGreaterThan(5.5);
    expect(yesterday - today).toBeLessThan(9);
    expect(today).toBeLessThan(29.5);
  });

  it('has high coverage of execution and initial access, and low coverage of collection and exfiltration', async () => {
    const strength = async (tactic: string): Promise<number> =>
      (
        await rows<{ pct: number }>(
          `SELECT avg(CASE status_global WHEN 'validated' THEN 1 WHEN 'partial' THEN 0.5 ELSE 0 END)::float8 AS pct
           FROM posture p JOIN technique t ON t.id = p.technique_id
           WHERE organization_id = $1 AND p.in_force AND status_global <> 'not_applicable' AND $2 = ANY (t.tactics)`,
          [demo, tactic],
        )
      )[0]!.pct;
    for (const strong of ['execution', 'initial-access']) expect(await strength(strong)).toBeGreaterThan(0.6);
    for (const weak of ['collection', 'exfiltration']) expect(await strength(weak)).toBeLessThan(0.2);
  });

  it('has techniques without owner after an engineer left, and active owners for the rest', async () => {
    expect(
      await rows('SELECT role, is_active FROM membership WHERE organization_id = $1 AND NOT is_active', [demo]),
    ).toEqual([{ role: 'analyst', is_active: false }]);
    const orphans = await count(
      `posture WHERE organization_id = $1 AND in_force AND status_global <> 'not_applicable' AND owner_id IS NULL`,
    );
    expect(orphans).toBeGreaterThanOrEqual(30);
    expect(orphans).toBeLessThanOrEqual(120);
    expect(
      await count(
        `posture p JOIN membership m ON m.organization_id = p.organization_id AND m.user_id = p.owner_id
         WHERE p.organization_id = $1 AND NOT m.is_active`,
      ),
    ).toBe(0);
  });

  it('has no dates in the future, and no action on an alert before the alert exists', async () => {
    for (const [table, columns] of Object.entries({
      '(SELECT * FROM posture WHERE in_force) posture': ['last_review_date', 'updated_at', 'mitre_last_modified'],
      revalidation_item: ['created_at', 'updated_at', 'completed_at'],
      posture_snapshot: ['created_at'],
      alert_instance: ['created_at', 'acknowledged_at', 'resolved_at', 'dismissed_at'],
      notification: ['created_at', 'read_at'],
    })) {
      for (const column of columns) {
        expect([
          table,
          column,
          await count(`${table} WHERE organization_id = $1 AND ${column} > '${NOW.toISOString()}'`),
        ]).toEqual([table, column, 0]);
      }
    }
    expect(
      await count(
        `alert_instance WHERE organization_id = $1
           AND (least(acknowledged_at, resolved_at, dismissed_at) <= created_at OR coalesce(resolved_at, dismissed_at) <= acknowledged_at)`,
      ),
    ).toBe(0);
  });

  it('has past alerts of every rule type with the documented details, and none are open', async () => {
    const alerts = await rows<{ rule_type: string; status: string; details: object }>(
      'SELECT rule_type, status, details FROM alert_instance WHERE organization_id = $1',
      [demo],
    );
    expect(alerts.length).toBeGreaterThan(24);
    expect([...new Set(alerts.map(({ rule_type }) => rule_type))].sort()).toEqual(Object.keys(DETAILS_KEYS).sort());
    expect([...new Set(alerts.map(({ status }) => status))].sort()).toEqual(['acknowledged', 'dismissed', 'resolved']);
    for (const { rule_type, details } of alerts) {
      expect(Object.keys(details)).toEqual(expect.arrayContaining(DETAILS_KEYS[rule_type]!));
    }
  });

  it('marks every user as demo, and accepts the printed password', async () => {
    const users = await rows<{ email: string; display_name: string; password_hash: string }>(
      `SELECT email, display_name, password_hash FROM user_account WHERE email LIKE '%@demo.vedette.local' ORDER BY 1`,
    );
    expect(users.map(({ email }) => email)).toEqual(DEMO_USERS.map(({ email }) => email).sort());
    for (const { display_name } of users) expect(display_name).toMatch(/\(demo\)$/);
    expect(await new PasswordHasher().verify(DEMO_PASSWORD, users[0]!.password_hash)).toBe(true);
  });

  it('stores the demo secret encrypted for its endpoint', async () => {
    const [endpoint] = await rows<{ id: string; secret_ciphertext: string }>(
      'SELECT id, secret_ciphertext FROM webhook_endpoint WHERE organization_id = $1',
      [demo],
    );
    const secretBox = context.module.get(SecretBox, { strict: false });
    expect(secretBox.open(endpoint!.secret_ciphertext, endpoint!.id)).toBe(DEMO_WEBHOOK_SECRET);
  });

  it('makes all eight system rules fire at the first evaluation, each with a webhook delivery', async () => {
    const run = await context.module.get(EvaluationService).evaluateOrganization(demo, null);
    const outcomes = await context.module.get(RunStore, { strict: false }).outcomesOf(run);
    expect(outcomes.map(({ rule_name, outcome }) => [rule_name, outcome]).sort()).toEqual(
      SYSTEM_RULES.map(({ name }) => [name, 'fired']).sort(),
    );
    const open = await rows<{ rule_type: string; details: object }>(
      `SELECT rule_type, details FROM alert_instance WHERE organization_id = $1 AND status = 'open'`,
      [demo],
    );
    expect(open).toHaveLength(8);
    for (const { rule_type, details } of open) {
      expect(Object.keys(details)).toEqual(expect.arrayContaining(DETAILS_KEYS[rule_type]!));
    }
    expect(await count('webhook_delivery WHERE organization_id = $1')).toBe(8);
  });
});

describe('the receiver', () => {
  let receiver: ChildProcess;
  let output = '';
  let url: string;

  beforeAll(async () => {
    receiver = spawn(process.execPath, ['scripts/demo-receiver.mjs'], { stdio: ['ignore', 'pipe', 'inherit'] });
    receiver.stdout!.setEncoding('utf8').on('data', (text: string) => (output += text));
    url = (await printed(/receiver {2}(http\S+)/))[1]!;
  });

  afterAll(async () => {
    const exit = new Promise((resolve) => receiver.once('exit', resolve));
    receiver.kill('SIGTERM');
    expect(await exit).toBe(0);
  });

  async function printed(pattern: RegExp): Promise<RegExpExecArray> {
    for (;;) {
      const match = pattern.exec(output);
      if (match) return match;
      await new Promise((resolve) => receiver.stdout!.once('data', resolve));
    }
  }

  /** Sends a webhook, signed by the `standardwebhooks` package and not by our own code. */
  async function send(
    id: string,
    { secret = DEMO_WEBHOOK_SECRET, at = new Date(), title = 'Coverage fell' } = {},
  ): Promise<number> {
    const body = JSON.stringify({
      type: 'alert.fired',
      timestamp: at.toISOString(),
      data: { severity: 'high', title, message: 'From 35 to 28', is_demo: true },
    });
    const { status } = await fetch(url, {
      method: 'POST',
      headers: {
        'webhook-id': id,
        'webhook-timestamp': String(Math.floor(at.getTime() / 1000)),
        'webhook-signature': `v1,nonsense ${new Webhook(secret).sign(id, at, body)}`,
      },
      body,
    });
    return status;
  }

  it('prints each webhook, and marks a repeat', async () => {
    expect(await send('msg_1')).toBe(204);
    await printed(
      /alert\.fired \[high\] \(demo\)\n +Coverage fell\n +From 35 to 28\n +webhook-id msg_1 +signature verified: yes/,
    );
    expect(output).not.toContain('again');
    expect(await send('msg_1')).toBe(204);
    await printed(/alert\.fired \[high\] \(demo\) +again\n/);
  });

  it('refuses and reports a webhook with a wrong secret or an old timestamp', async () => {
    expect(await send('msg_2', { secret: `whsec_${Buffer.alloc(32).toString('base64')}` })).toBe(401);
    await printed(/webhook-id msg_2 +signature verified: no/);
    expect(await send('msg_3', { at: new Date(Date.now() - 3_600_000) })).toBe(401);
    await printed(/webhook-id msg_3 +signature verified: no/);
  });

  it('prints no control characters, and survives requests that are not webhooks', async () => {
    await send('msg_4', { title: 'clear \u001b[2J screen' });
    await printed(/clear {2}\[2J screen/);
    for (const body of ['', 'null', '{"data": null}', '[]', '{"type": 7, "data": "x"}']) {
      expect((await fetch(url, { method: 'POST', body })).status).toBe(401);
    }
    expect((await fetch(url)).status).toBe(405);
  });
});
