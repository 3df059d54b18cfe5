import fc from 'fast-check';
import { Client } from 'pg';
import { newId } from '../../src/common/ids.js';
import { decodeCursor } from '../../src/common/pagination/index.js';
import { EvaluatorRegistry, EvaluatorsModule, type Finding } from '../../src/evaluators/index.js';
import { PostureVersionsService } from '../../src/posture/history/posture-versions.service.js';
import { knownSince } from '../../src/posture/reading/known-since.js';
import { AsOfPostureReader } from '../../src/posture/reading/posture-as-of.js';
import { LivePostureReader, type PostureReader } from '../../src/posture/reading/posture-reader.js';
import { SnapshotsService } from '../../src/snapshots/snapshots.service.js';
import { aMember, aTechnique } from '../support/factories.js';
import { DAY_MS, HOUR_MS, HistoryWorld, moves } from '../support/history-world.js';
import { NOW } from '../support/test-module.js';

/** A rule of each type, with settings for few techniques. */
const RULES: readonly (readonly [string, Record<string, number>])[] = [
  ['high_risk', { min_risk_score: 50, min_count: 1 }],
  ['stale_technique', { days_stale: 20, min_count: 1 }],
  ['coverage_regression', { min_drop_pct: 1 }],
  ['low_coverage', { max_coverage_pct: 40 }],
  ['expiry_wave', { min_pending_count: 1 }],
  ['new_technique', { lookback_days: 5, min_count: 1 }],
  ['orphan_spike', { min_orphan_count: 3 }],
];

let world: HistoryWorld;

beforeAll(async () => {
  world = await HistoryWorld.start([EvaluatorsModule]);
});

afterAll(() => world.close());

beforeEach(() => world.begin(NOW));

const rows = <Row>(sql: string, parameters: unknown[] = []): Promise<Row[]> =>
  world.context.database.query<Row>(sql, parameters);

const live = (): PostureReader => new LivePostureReader(world.dataSource.manager);
const asOf = (at: Date): PostureReader => new AsOfPostureReader(world.dataSource.manager, at);

async function findings(at: Date, reader: PostureReader): Promise<Finding[]> {
  const found: Finding[] = [];
  for (const [type, config] of RULES) {
    const evaluator = world.context.module.get(EvaluatorRegistry).get(type);
    const rule = { ruleId: newId(), organizationId: world.organizationId, config };
    found.push(...(await evaluator.measure([rule], at, reader)));
  }
  return found;
}

/** All versions of the posture of a technique, the current one last. */
function versionsOf(technique: number): Promise<Record<string, unknown>[]> {
  return rows(
    `SELECT version, valid_from, valid_to, risk_score, status_global, owner_id, change_source, change_id, changed_by FROM posture_history
     WHERE organization_id = $1 AND technique_id = $2
     UNION ALL
     SELECT version, valid_from, NULL, risk_score, status_global, owner_id, change_source, change_id, updated_by FROM posture
     WHERE organization_id = $1 AND technique_id = $2
     ORDER BY version`,
    [world.organizationId, world.techniqueId(technique)],
  );
}

const risk = (technique: number, score: number): Promise<unknown> =>
  world.write([{ technique, fact: { risk_score: score } }]);

describe('a write of posture', () => {
  it('keeps the superseded version, with its author, its source and its end', async () => {
    world.context.clock.advanceMs(HOUR_MS);
    await risk(0, 40);
    world.context.clock.advanceMs(HOUR_MS);
    await world.make({ waitMs: 0, what: 'release', technique: 0, revoked: true });
    const [{ id: importId } = { id: '' }] = await rows<{ id: string }>(
      'SELECT id FROM catalogue_import ORDER BY created_at DESC LIMIT 1',
    );
    world.context.clock.advanceMs(HOUR_MS);
    await risk(0, 60);

    const at = (hours: number): Date => new Date(NOW.getTime() + hours * HOUR_MS);
    expect(await versionsOf(0)).toMatchObject([
      { version: 1, valid_from: at(0), valid_to: at(1), risk_score: null, change_source: 'initial', changed_by: null },
      {
        version: 2,
        valid_from: at(1),
        valid_to: at(2),
        risk_score: 40,
        change_source: 'api',
        changed_by: world.actorId,
        change_id: null,
      },
      {
        version: 3,
        valid_from: at(2),
        valid_to: at(3),
        risk_score: 40,
        change_source: 'catalogue',
        changed_by: null,
        change_id: importId,
      },
      {
        version: 4,
        valid_from: at(3),
        valid_to: null,
        risk_score: 60,
        change_source: 'api',
        changed_by: world.actorId,
        change_id: null,
      },
    ]);
    expect(await versionsOf(1)).toHaveLength(1);
  });

  it('keeps no version of a call that changes nothing or is rolled back', async () => {
    await risk(0, 40);
    const before = await versionsOf(0);
    world.context.clock.advanceMs(HOUR_MS);
    await risk(0, 40);
    await expect(
      world.transactions.run(async (manager) => {
        await manager.query(
          'UPDATE posture SET risk_score = 1, version = version + 1, valid_from = $2 WHERE organization_id = $1',
          [world.organizationId, world.now],
        );
        throw new Error('the caller changed its mind');
      }),
    ).rejects.toThrow('changed its mind');
    expect(await versionsOf(0)).toEqual(before);
  });

  it('keeps a version that is superseded at its own instant and so was never valid', async () => {
    await risk(0, 10);
    await risk(0, 20);
    expect(await versionsOf(0)).toMatchObject([
      { version: 1, valid_from: NOW, valid_to: NOW, risk_score: null },
      { version: 2, valid_from: NOW, valid_to: NOW, risk_score: 10 },
      { version: 3, valid_from: NOW, valid_to: null, risk_score: 20 },
    ]);
    expect(await world.copy(asOf(NOW))).toEqual(await world.copy(live()));
  });

  it('begins no version before the previous one, even if the clock was set back', async () => {
    world.context.clock.advanceMs(HOUR_MS);
    const late = world.now;
    await risk(0, 10);
    world.context.clock.set(new Date(NOW.getTime() + 1));
    await risk(0, 20);
    await risk(1, 30);
    expect(await versionsOf(0)).toMatchObject([
      { version: 1, valid_from: NOW, valid_to: late },
      { version: 2, valid_from: late, valid_to: late, risk_score: 10 },
      { version: 3, valid_from: late, valid_to: null, risk_score: 20, change_source: 'api' },
    ]);
    expect(await versionsOf(1)).toMatchObject([{ version: 1 }, { version: 2, valid_from: world.now }]);
  });

  it('makes a version when a foreign key clears an owner', async () => {
    const { userId } = await aMember(world.context.database, world.organizationId);
    world.ownerIds[0] = userId;
    await world.write([{ technique: 0, fact: { owner: 0 } }]);
    const before = new Date();
    await rows('DELETE FROM user_account WHERE id = $1', [userId]);
    const versions = await versionsOf(0);
    expect(versions).toMatchObject([
      { version: 1 },
      { version: 2, owner_id: userId, valid_from: NOW, change_source: 'api' },
      { version: 3, owner_id: null, change_source: 'database', valid_to: null },
    ]);
    const since = versions[2]!.valid_from as Date;
    expect(since.getTime()).toBeGreaterThanOrEqual(before.getTime() - 1_000);
    expect(versions[1]!.valid_to).toEqual(since);
  });

  it('is corrected if it moves an instant without a change, or counts versions wrongly', async () => {
    const where = 'WHERE organization_id = $1 AND technique_id = $2';
    const of = [world.organizationId, world.techniqueId(0)];
    const later = new Date(NOW.getTime() + HOUR_MS);
    await rows(`UPDATE posture SET valid_from = $3 ${where}`, [...of, later]);
    expect(await versionsOf(0)).toMatchObject([{ version: 1, valid_from: NOW }]);
    await rows(`UPDATE posture SET valid_from = $3, version = 40, risk_score = 5 ${where}`, [...of, later]);
    await rows(`UPDATE posture SET valid_from = $3, risk_score = 6, change_source = 'import' ${where}`, [
      ...of,
      new Date(later.getTime() + HOUR_MS),
    ]);
    expect(await versionsOf(0)).toMatchObject([
      { version: 1, valid_from: NOW, valid_to: later },
      { version: 2, valid_from: later, risk_score: 5 },
      { version: 3, risk_score: 6, change_source: 'import', valid_to: null },
    ]);
  });

  it('loses no version when several write the same rows', async () => {
    const writes = Array.from({ length: 20 }, (_, index) =>
      world.write([0, 1, 2].map((technique) => ({ technique, fact: { risk_score: index + 1 } }))),
    );
    await Promise.all(writes);
    for (const technique of [0, 1, 2]) {
      const versions = await versionsOf(technique);
      expect(versions.map(({ version }) => version)).toEqual(Array.from({ length: 21 }, (_, index) => index + 1));
      const scores = versions.slice(1).map(({ risk_score: score }) => Number(score));
      expect(scores.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 20 }, (_, index) => index + 1));
    }
  });
});

describe('a manual SQL statement', () => {
  it('on the queue or a snapshot also keeps the previous version', async () => {
    const item = await world.queue(0);
    await world.make({ waitMs: 0, what: 'snapshot' });
    await rows(`UPDATE revalidation_item SET status = 'cancelled' WHERE id = $1`, [item]);
    await rows('UPDATE posture_snapshot SET coverage_pct = 1 WHERE organization_id = $1', [world.organizationId]);
    expect(await rows('SELECT status, version, updated_by FROM revalidation_item')).toEqual([
      { status: 'cancelled', version: 2, updated_by: null },
    ]);
    expect(await rows('SELECT status, version, valid_from, changed_by FROM revalidation_item_history')).toEqual([
      { status: 'pending', version: 1, valid_from: NOW, changed_by: world.actorId },
    ]);
    expect(await rows('SELECT version, coverage_pct FROM posture_snapshot')).toEqual([{ version: 2, coverage_pct: 1 }]);
    expect(await rows('SELECT version, coverage_pct FROM posture_snapshot_history')).toEqual([
      { version: 1, coverage_pct: 0 },
    ]);
    expect(await world.copy(asOf(NOW))).toMatchObject({
      queue: [{ status: 'pending' }],
      snapshots: [{ coverage_pct: 0 }],
    });
  });
});

describe('posture as of an instant', () => {
  it('equals the posture at that instant, and every rule type measures the same in it', async () => {
    await fc.assert(
      fc.asyncProperty(moves(), async (made) => {
        await world.begin(NOW);
        const seen = new Map<number, { copy: unknown; findings: Finding[] }>();
        const look = async (at: Date, reader: PostureReader): Promise<{ copy: unknown; findings: Finding[] }> => ({
          copy: await world.copy(reader),
          findings: await findings(at, reader),
        });
        seen.set(world.now.getTime(), await look(world.now, live()));
        for (const move of made) {
          await world.make(move);
          seen.set(world.now.getTime(), await look(world.now, live()));
        }
        const instants = [...seen.keys()];
        for (const [index, instant] of instants.entries()) {
          const then = seen.get(instant)!;
          expect(await look(new Date(instant), asOf(new Date(instant)))).toEqual(then);
          const last = new Date((instants[index + 1] ?? instant + DAY_MS) - 1);
          expect(await world.copy(asOf(last))).toEqual(then.copy);
        }
      }),
      { numRuns: 20 },
    );
  }, 180_000);

  it('has neither overlaps nor gaps, whatever the clocks of the writers show', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.record({ atMs: fc.integer({ min: -1_000, max: 1_000 }), score: fc.integer({ min: 1, max: 3 }) }), {
          maxLength: 12,
        }),
        async (writes) => {
          await world.begin(NOW);
          let expected = 1;
          let current: number | null = null;
          for (const { atMs, score } of writes) {
            world.context.clock.set(new Date(NOW.getTime() + atMs));
            await risk(0, score);
            if (score !== current) expected += 1;
            current = score;
          }
          const versions = await versionsOf(0);
          expect(versions).toHaveLength(expected);
          for (const [index, version] of versions.entries()) {
            const next = versions[index + 1];
            expect(version.valid_to).toEqual(next ? next.valid_from : null);
            if (next) expect(Number(next.valid_from)).toBeGreaterThanOrEqual(Number(version.valid_from));
          }
        },
      ),
      { numRuns: 25 },
    );
  }, 120_000);

  it('has no technique before its first version', async () => {
    const copy = (await world.copy(asOf(new Date(NOW.getTime() - 1)))) as { posture: unknown[] };
    expect(copy.posture).toEqual([]);
  });

  it('counts a snapshot imported for an empty day from that day on, and a replacement from its import on', async () => {
    const snapshots = world.context.module.get(SnapshotsService);
    const counts = { total: 6, partial: 0, inProgress: 0, notCovered: 0, notEvaluated: 0 };
    await snapshots.put(world.organizationId, { date: '2026-02-01', validated: 3, ...counts });
    world.context.clock.advanceMs(DAY_MS);
    await snapshots.put(world.organizationId, { date: '2026-02-01', validated: 6, ...counts });
    const coverage = async (at: string): Promise<unknown[]> =>
      asOf(new Date(at)).query(
        `SELECT coverage_pct FROM ${asOf(new Date(at)).relations.snapshot} s WHERE organization_id = $1`,
        [world.organizationId],
      );
    expect(await coverage('2026-01-31T23:59:59.999Z')).toEqual([]);
    expect(await coverage('2026-02-01T00:00:00.000Z')).toEqual([{ coverage_pct: 50 }]);
    expect(await coverage(new Date(NOW.getTime() + DAY_MS - 1).toISOString())).toEqual([{ coverage_pct: 50 }]);
    expect(await coverage(world.now.toISOString())).toEqual([{ coverage_pct: 100 }]);
  });
});

describe('the history of a technique', () => {
  it('is listed newest first, with names, in pages', async () => {
    const versions = world.context.module.get(PostureVersionsService);
    world.context.clock.advanceMs(HOUR_MS);
    await world.write([{ technique: 0, fact: { owner: 1 } }]);
    for (const score of [10, 20, 30]) {
      world.context.clock.advanceMs(HOUR_MS);
      await risk(0, score);
    }
    const { items, total } = await versions.list(world.organizationId, 't1001', { limit: 50 });
    expect(total).toBe(5);
    expect(
      items.map(({ version, validTo, riskScore, changeSource }) => [version, validTo, riskScore, changeSource]),
    ).toEqual([
      [5, null, 30, 'api'],
      [4, new Date(NOW.getTime() + 4 * HOUR_MS), 20, 'api'],
      [3, new Date(NOW.getTime() + 3 * HOUR_MS), 10, 'api'],
      [2, new Date(NOW.getTime() + 2 * HOUR_MS), null, 'api'],
      [1, new Date(NOW.getTime() + HOUR_MS), null, 'initial'],
    ]);
    expect(items[0]).toMatchObject({
      ownerId: world.ownerIds[1],
      ownerEmail: expect.stringContaining('@example.org'),
      changedBy: world.actorId,
      changedByName: expect.stringContaining('@example.org'),
    });
    expect(items[4]).toMatchObject({ changedBy: null, changedByName: null, ownerId: null });

    const first = await versions.list(world.organizationId, world.techniqueId(0), { limit: 3 });
    const second = await versions.list(world.organizationId, world.techniqueId(0), {
      limit: 3,
      cursor: decodeCursor(first.nextCursor!),
    });
    expect([...first.items, ...second.items]).toEqual(items);
    expect(second.nextCursor).toBeNull();
    await expect(versions.list(newId(), 'T1001', { limit: 3 })).rejects.toMatchObject({ code: 'not_found' });
    await expect(
      versions.list(world.organizationId, 'T1001', { limit: 3, cursor: { key: 'x', id: newId() } }),
    ).rejects.toThrow('cursor must be the next_cursor');
  });
});

describe('the history of an organisation', () => {
  it('is known to be complete since an instant', async () => {
    const since = (): Promise<Date | null> => knownSince(world.dataSource, world.organizationId);
    expect(await since()).toEqual(NOW);
    // A technique that a release adds did not exist before it, so it does not count as missing.
    await aTechnique(world.context.database, { attackId: 'T1999' });
    await rows(
      `UPDATE posture SET change_source = 'catalogue', valid_from = $1, version = 1 WHERE version = 1 AND valid_from > $2`,
      [new Date(NOW.getTime() + DAY_MS), NOW],
    );
    expect(await since()).toEqual(NOW);
    world.context.clock.advanceMs(DAY_MS);
    await risk(0, 10);
    world.context.clock.advanceMs(DAY_MS);
    await risk(0, 20);
    expect(await since()).toEqual(NOW);
    await rows('DELETE FROM posture_history WHERE version = 1');
    expect(await since()).toEqual(new Date(NOW.getTime() + DAY_MS));
    expect(await knownSince(world.dataSource, newId())).toBeNull();
  });

  it('is deleted with the organisation even while its posture is being written', async () => {
    const [writer, remover] = [0, 1].map(() => new Client({ connectionString: world.context.database.url }));
    await Promise.all([writer!.connect(), remover!.connect()]);
    try {
      await writer!.query('BEGIN');
      await writer!.query(
        'UPDATE posture SET risk_score = 9, version = version + 1, valid_from = now() WHERE organization_id = $1',
        [world.organizationId],
      );
      const removed = remover!.query('DELETE FROM organization WHERE id = $1', [world.organizationId]);
      const isWaiting = `SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE 'DELETE FROM organization%'`;
      while ((await rows(isWaiting)).length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
      await writer!.query('COMMIT');
      await removed;
    } finally {
      await Promise.all([writer!.end(), remover!.end()]);
    }
    expect(await rows('SELECT FROM posture WHERE organization_id = $1', [world.organizationId])).toEqual([]);
    expect(await rows('SELECT FROM posture_history WHERE organization_id = $1', [world.organizationId])).toEqual([]);
  });

  it('is deleted with the organisation, and no other is', async () => {
    const other = await world.addOrganization();
    world.context.clock.advanceMs(HOUR_MS);
    await world.queue(0);
    await risk(0, 10);
    await world.make({ waitMs: 1, what: 'work', item: 0, status: 'done' });
    await world.make({ waitMs: 1, what: 'snapshot' });
    await world.make({ waitMs: 1, what: 'correct', validated: 3 });
    await world.write([{ technique: 1, fact: { risk_score: 9 } }], other);
    const count = async (organizationId: string): Promise<unknown> =>
      (
        await rows(
          `SELECT (SELECT count(*)::int FROM posture_history WHERE organization_id = $1) AS posture,
             (SELECT count(*)::int FROM revalidation_item_history WHERE organization_id = $1) AS queue,
             (SELECT count(*)::int FROM posture_snapshot_history WHERE organization_id = $1) AS snapshots`,
          [organizationId],
        )
      )[0];
    expect(await count(world.organizationId)).toEqual({ posture: 1, queue: 1, snapshots: 1 });
    expect(await count(other)).toEqual({ posture: 1, queue: 0, snapshots: 0 });
    await rows('DELETE FROM organization WHERE id = $1', [world.organizationId]);
    expect(await count(world.organizationId)).toEqual({ posture: 0, queue: 0, snapshots: 0 });
    expect(await count(other)).toEqual({ posture: 1, queue: 0, snapshots: 0 });
  });
});
