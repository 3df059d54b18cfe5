import { describe, expect, it } from '@jest/globals';
import { newId } from '../../src/common/ids.js';
import { plainNumber } from '../../src/common/wire.js';
import type { Finding } from '../../src/evaluators/index.js';
import type { PostureReader } from '../../src/posture/reading/posture-reader.js';
import { CountingReader, daysBefore, type EvaluatorWorld } from './evaluator-world.js';
import { aTechnique } from './factories.js';
import { NOW } from './test-module.js';

/**
 * How many techniques in force the contract's catalogue has. The last of them is not applicable to any organisation.
 */
export const CATALOGUE_SIZE = 11;
const NOT_APPLICABLE = 'T1011';

/** The part of the contract that differs between rule types. */
export interface EvaluatorFixture {
  type: string;
  /** A config that `breaching` breaches exactly at the threshold. */
  config: Record<string, number>;
  /** The next stricter config, which the same posture does not breach. */
  stricterConfig: Record<string, number>;
  /** The measured value in the arrangement `breaching`. */
  measured: number;
  /** The keys of the details that the type documents. */
  detailsKeys: readonly string[];
  /** Whether it measures posture and not snapshots. */
  readsPosture: boolean;
  /** Arranges an organisation that breaches `config`, or one that is the smallest step short of it. */
  arrange(world: EvaluatorWorld, organizationId: string, level: 'breaching' | 'short'): Promise<void>;
}

/** The suite that every evaluator must pass. */
export function describeEvaluatorContract(fixture: EvaluatorFixture, world: () => EvaluatorWorld): void {
  const { type, config, stricterConfig } = fixture;

  async function arranged(level: 'breaching' | 'short'): Promise<string> {
    const organizationId = await world().organization();
    await fixture.arrange(world(), organizationId, level);
    await world().posture(organizationId, NOT_APPLICABLE, { statusGlobal: 'not_applicable' });
    return organizationId;
  }

  function measureAll(
    rules: readonly [string, Record<string, number>][],
    reader: PostureReader = world().reader,
  ): Promise<Finding[]> {
    const toMeasure = rules.map(([organizationId, settings]) => world().rule(type, organizationId, settings));
    return world().registry.get(type).measure(toMeasure, NOW, reader);
  }

  async function measure(organizationId: string): Promise<Finding> {
    return world().measure(type, organizationId, config);
  }

  describe(type, () => {
    it('fires at its threshold and not one step short of it', async () => {
      const breaching = await measure(await arranged('breaching'));
      expect(breaching).toMatchObject({ measured: fixture.measured, breached: true });
      const short = await measure(await arranged('short'));
      expect(short).toMatchObject({ threshold: breaching.threshold, breached: false, alert: null });
      expect(short.measured).not.toBe(breaching.measured);
    });

    it('measures all rules of all organisations in one statement, in their order', async () => {
      const [breaching, short, other] = [
        await arranged('breaching'),
        await arranged('short'),
        await arranged('breaching'),
      ];
      const reader = new CountingReader(world().reader);
      const findings = await measureAll(
        [
          [short, config],
          [other, stricterConfig],
          [breaching, config],
          [short, stricterConfig],
          [breaching, stricterConfig],
          [other, config],
        ],
        reader,
      );
      expect(findings.map(({ breached }) => breached)).toEqual([false, false, true, false, false, true]);
      expect(reader.statements).toBe(1);
      expect(findings[2]).toEqual(await measure(breaching));
    });

    it('runs no statement without rules', async () => {
      const reader = new CountingReader(world().reader);
      expect(await measureAll([], reader)).toEqual([]);
      expect(reader.statements).toBe(0);
    });

    it('compares each of several rules of one organisation with its own threshold', async () => {
      const organizationId = await arranged('breaching');
      const [lax, strict] = await measureAll([
        [organizationId, config],
        [organizationId, stricterConfig],
      ]);
      expect(lax).toMatchObject({ breached: true, measured: fixture.measured });
      expect(strict).toMatchObject({ breached: false, measured: fixture.measured });
      expect(strict!.threshold).not.toBe(lax!.threshold);
    });

    it('counts nothing of another organisation', async () => {
      const short = await arranged('short');
      const alone = await measure(short);
      const breaching = await arranged('breaching');
      expect(
        await measureAll([
          [breaching, config],
          [short, config],
        ]),
      ).toEqual([await measure(breaching), alone]);
    });

    it('never counts a technique that is revoked, deprecated or not applicable', async () => {
      const organizationId = await arranged('short');
      const before = await measure(organizationId);
      const notApplicable = world().technique(NOT_APPLICABLE);
      await giveEveryReasonToCount(world(), organizationId, notApplicable, 'not_applicable');
      for (const outOfForce of [{ isRevoked: true }, { isDeprecated: true }]) {
        const techniqueId = await aTechnique(world().database, { attackId: 'T1999', ...outOfForce });
        await giveEveryReasonToCount(world(), organizationId, techniqueId, 'validated');
      }
      expect(await measure(organizationId)).toEqual(before);

      await world().database.query(
        `UPDATE posture SET status_global = 'validated' WHERE organization_id = $1 AND technique_id = $2`,
        [organizationId, notApplicable],
      );
      const inScope = await measure(organizationId);
      if (fixture.readsPosture) expect(inScope.measured).not.toBe(before.measured);
      else expect(inScope).toEqual(before);
    });

    it('does not fire for an empty catalogue, an empty organisation or an unknown one', async () => {
      const empty = await world().organization();
      await world().database.query('DELETE FROM posture WHERE organization_id = $1', [empty]);
      const unknown = newId();
      const findings = await measureAll([
        [empty, config],
        [unknown, config],
      ]);
      await world().inTransaction(async (runner, reader) => {
        await runner.query('TRUNCATE technique CASCADE');
        findings.push(
          ...(await measureAll(
            [
              [empty, config],
              [unknown, config],
            ],
            reader,
          )),
        );
      });
      expect(findings).toHaveLength(4);
      for (const finding of findings) {
        expect(finding).toMatchObject({ breached: false, alert: null });
        expect([null, 0]).toContain(finding.measured);
        expect(finding).toEqual(findings[0]);
      }
    });

    it('always has the documented keys in its details', async () => {
      const findings = await measureAll([
        [await arranged('breaching'), config],
        [await arranged('short'), config],
        [newId(), config],
      ]);
      for (const { details } of findings) {
        expect(Object.keys(details)).toEqual(expect.arrayContaining([...fixture.detailsKeys]));
        expect(Object.values(details)).not.toContain(undefined);
        expect(JSON.parse(JSON.stringify(details))).toEqual(details);
      }
    });

    it('fills in lists of evidence only when it breaches', async () => {
      const [breaching, short] = await measureAll([
        [await arranged('breaching'), config],
        [await arranged('short'), config],
      ]);
      const lists = Object.entries(breaching!.details).filter(([, value]) => Array.isArray(value));
      for (const [key, list] of lists) {
        expect((list as unknown[]).length).toBeGreaterThan(0);
        expect(short!.details[key]).toEqual([]);
      }
    });

    it('returns the same when it measures twice', async () => {
      const organizationId = await arranged('breaching');
      expect(await measure(organizationId)).toEqual(await measure(organizationId));
    });

    it('names the measured value and the threshold in its texts', async () => {
      const { alert, measured, threshold } = await measure(await arranged('breaching'));
      expect(alert!.title).toMatch(/^[A-Z0-9]/);
      expect(alert!.title).toContain(plainNumber(measured!));
      expect(alert!.message).toContain(plainNumber(measured!));
      expect(alert!.message).toContain(String(threshold));
      expect(`${alert!.title} ${alert!.message}`).not.toMatch(/NaN|undefined|null|!|\[object|_/);
    });
  });
}

/** Facts for which every type would count the technique if it were in scope. */
async function giveEveryReasonToCount(
  world: EvaluatorWorld,
  organizationId: string,
  techniqueId: string,
  status: string,
): Promise<void> {
  await world.database.query(
    `UPDATE posture SET status_global = $3, risk_score = 100, last_review_date = $4, mitre_last_modified = $5, owner_id = NULL
     WHERE organization_id = $1 AND technique_id = $2`,
    [organizationId, techniqueId, status, daysBefore(NOW, 3000), NOW],
  );
  await world.database.query('INSERT INTO revalidation_item (id, organization_id, technique_id) VALUES ($1, $2, $3)', [
    newId(),
    organizationId,
    techniqueId,
  ]);
}
