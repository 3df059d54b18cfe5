import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { TECHNIQUE_STATUSES, type TechniqueStatus } from '../../src/posture/words/index.js';
import { ROLLUPS, rollUp, type RollUpMember } from '../../src/snapshots/roll-up/roll-up.js';
import type { TacticCount } from '../../src/snapshots/snapshot-facts.js';
import { uuid } from '../support/a-stix-bundle.js';
import type { TestHttp } from '../support/http.js';
import { aCaller, startPostureHttp, type Caller } from '../support/posture-http.js';
import { NOW } from '../support/test-module.js';

interface Member {
  parent: number | null;
  status: TechniqueStatus;
  tactics: string[];
  platforms: string[];
  domain: string;
  inForce: boolean;
}

const DOMAINS = ['enterprise-attack', 'ics-attack'];

/**
 * Families of up to four: a technique and its sub-techniques, each in force or not, with its own tactics and platforms.
 */
const members: fc.Arbitrary<Member[]> = fc
  .array(
    fc.record({
      domain: fc.constantFrom(...DOMAINS),
      of: fc.array(
        fc.record({
          status: fc.constantFrom(...TECHNIQUE_STATUSES),
          tactics: fc.subarray(['execution', 'persistence', 'impact']),
          platforms: fc.subarray(['Linux', 'Windows'], { minLength: 1 }),
          inForce: fc.boolean(),
        }),
        { minLength: 1, maxLength: 4 },
      ),
    }),
    { minLength: 1, maxLength: 6 },
  )
  .map((families) => {
    let next = 0;
    return families.flatMap(({ domain, of }) => {
      const parent = next;
      next += of.length;
      return of.map((one, index) => ({ ...one, domain, parent: index === 0 ? null : parent }));
    });
  });

describe('roll-ups of snapshots', () => {
  let http: TestHttp;
  let admin: Caller;

  beforeAll(async () => {
    http = await startPostureHttp();
  });

  afterAll(() => http.close());

  beforeEach(async () => {
    http.clock.set(NOW);
    await http.database.query('TRUNCATE organization, technique CASCADE');
    admin = await aCaller(http, { role: 'admin' });
  });

  async function write(catalogue: readonly Member[]): Promise<void> {
    await http.database.query('TRUNCATE technique CASCADE');
    await http.database.query(
      `INSERT INTO technique (id, attack_id, name, domain, is_subtechnique, parent_id, tactics, platforms, attack_version, mitre_created, mitre_last_modified,
         mitre_modified_raw, content_hash, is_revoked, is_deprecated, in_force)
       SELECT id, 'T1', 'x', domain, parent IS NOT NULL, parent, string_to_array(tactics, ','), string_to_array(platforms, ','), '18.1', $6, $6, $6, '',
         NOT in_force, false, in_force
       FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::text[], $7::boolean[]) AS t (id, parent, domain, tactics, platforms, in_force)`,
      [
        catalogue.map((_, index) => uuid(index)),
        catalogue.map(({ parent }) => (parent === null ? null : uuid(parent))),
        catalogue.map(({ domain }) => domain),
        catalogue.map(({ tactics }) => tactics.join()),
        catalogue.map(({ platforms }) => platforms.join()),
        NOW,
        catalogue.map(({ inForce }) => inForce),
      ],
    );
    await http.database.query(
      `INSERT INTO posture (organization_id, technique_id, in_force, mitre_last_modified, status_global)
       SELECT $1, t.id, t.in_force, t.mitre_last_modified, s.status
       FROM unnest($2::uuid[], $3::text[]) AS s (id, status) JOIN technique t ON t.id = s.id`,
      [admin.organizationId, catalogue.map((_, index) => uuid(index)), catalogue.map(({ status }) => status)],
    );
  }

  const asMember = (member: Member, index: number): RollUpMember & Member => ({
    ...member,
    id: uuid(index),
    parentId: member.parent === null ? null : uuid(member.parent),
  });

  it.each(ROLLUPS)('%s in SQL equals rollUp in memory, in total and per tactic', async (rollup) => {
    expect((await admin.send('PATCH', '/snapshots/policy', { rollup })).status).toBe(200);
    await fc.assert(
      fc.asyncProperty(members, async (catalogue) => {
        await write(catalogue);
        const inForce = catalogue.map(asMember).filter((member) => member.inForce);
        const expected = rollUp(rollup, inForce);
        const answer = await admin.send('POST', '/snapshots');
        if (expected.total === 0) return expect(answer.status).toBe(409);
        const { body } = answer;
        const { coveragePct, ...counts } = expected;
        expect(body).toMatchObject({ ...counts, rollup });
        expect(body.coverage_pct).toBeCloseTo(coveragePct!, 9);

        const tactics: [string, string, TacticCount][] = Object.entries(
          body.tactics as Record<string, Record<string, TacticCount>>,
        ).flatMap(([domain, ofDomain]) =>
          Object.entries(ofDomain).map(([tactic, count]): [string, string, TacticCount] => [domain, tactic, count]),
        );
        for (const [domain, tactic, { coverage_pct, ...ofTactic }] of tactics) {
          const having = inForce.filter((member) => member.domain === domain && member.tactics.includes(tactic));
          const { coveragePct: pct, ...plain } = rollUp(rollup, having);
          expect([tactic, ofTactic]).toEqual([tactic, plain]);
          expect(coverage_pct).toBeCloseTo(pct!, 9);
        }
        const inScope = inForce.filter(({ status }) => status !== 'not_applicable');
        const names = new Set(inScope.flatMap(({ domain, tactics: of }) => of.map((tactic) => `${domain} ${tactic}`)));
        expect(tactics.map(([domain, tactic]) => `${domain} ${tactic}`).sort()).toEqual([...names].sort());
      }),
      { numRuns: 40 },
    );
  });

  it.each(ROLLUPS)('%s counts only techniques in the scope', async (rollup) => {
    await write([
      {
        parent: null,
        status: 'validated',
        tactics: [],
        platforms: ['Linux', 'Windows'],
        domain: 'ics-attack',
        inForce: true,
      },
    ]);
    const scope = { domains: ['enterprise-attack'], platforms: ['Windows'] };
    expect((await admin.send('PATCH', '/snapshots/policy', { rollup, scope })).status).toBe(200);
    await fc.assert(
      fc.asyncProperty(members, async (catalogue) => {
        await write(catalogue);
        const named = catalogue
          .map(asMember)
          .filter(
            ({ inForce, domain, platforms }) =>
              inForce && domain === 'enterprise-attack' && platforms.includes('Windows'),
          );
        const { coveragePct, ...counts } = rollUp(rollup, named);
        const answer = await admin.send('POST', '/snapshots');
        if (counts.total === 0) return expect(answer.status).toBe(409);
        expect(answer.body).toMatchObject({ ...counts, scope });
        expect(answer.body.coverage_pct).toBeCloseTo(coveragePct!, 9);
      }),
      { numRuns: 20 },
    );
  });

  const family = (...statuses: TechniqueStatus[]): Member[] =>
    statuses.map((status, index) => ({
      parent: index === 0 ? null : 0,
      status,
      tactics: ['execution'],
      platforms: ['Linux'],
      domain: 'enterprise-attack',
      inForce: true,
    }));

  it.each([
    ['flat', 62.5, { total: 4, validated: 2, partial: 1, not_covered: 1 }],
    ['leaf', 50, { total: 3, validated: 1, partial: 1, not_covered: 1 }],
    ['parent_mean', 50, { total: 1, validated: 0, partial: 1, not_covered: 0 }],
    ['parent_any', 100, { total: 1, validated: 1, partial: 0, not_covered: 0 }],
  ])(
    '%s makes %d percent of a validated technique with a validated, a partial and an uncovered sub-technique',
    async (rollup, pct, counts) => {
      await write(family('validated', 'validated', 'partial', 'not_covered'));
      await admin.send('PATCH', '/snapshots/policy', { rollup });
      expect((await admin.send('POST', '/snapshots')).body).toMatchObject({ coverage_pct: pct, ...counts });
    },
  );

  it('returns how snapshots are counted, and since when they are comparable', async () => {
    await write(family('validated', 'partial'));
    const untouched = {
      rollup: 'flat',
      scope: null,
      newest_comparable_date: null,
      updated_at: null,
      updated_by: null,
    };
    expect((await admin.get('/snapshots/policy')).body).toEqual(untouched);
    await admin.send('POST', '/snapshots');
    expect((await admin.get('/snapshots/policy')).body.newest_comparable_date).toBe('2026-03-10');

    const changed = await admin.send('PATCH', '/snapshots/policy', {
      rollup: 'parent_any',
      scope: { platforms: ['Linux'] },
    });
    expect(changed.body).toMatchObject({
      rollup: 'parent_any',
      scope: { platforms: ['Linux'] },
      newest_comparable_date: null,
      updated_at: NOW.toISOString(),
    });
    expect((await admin.send('PATCH', '/snapshots/policy', { scope: null })).body).toMatchObject({
      rollup: 'parent_any',
      scope: null,
    });
    expect((await admin.send('PATCH', '/snapshots/policy', { rollup: 'flat' })).body).toMatchObject({
      scope: null,
      newest_comparable_date: '2026-03-10',
    });
  });

  it.each([
    [{ rollup: 'median' }, 'rollup must be one of flat, leaf, parent_mean, parent_any'],
    [{ rollup: 'sum' }, 'rollup must be one of flat, leaf, parent_mean, parent_any'],
    [{ scope: 'windows' }, 'scope must be an object with domains, platforms or both, or null for everything in scope'],
    [
      { scope: { domains: ['enterprise'] } },
      'scope.domains must be a list of one or more of enterprise-attack, mobile-attack, ics-attack',
    ],
    [
      { scope: { platforms: ['linux'] } },
      'scope.platforms has platforms that no technique of the catalogue has: linux',
    ],
    [{ scope: { tactics: [] } }, 'scope.tactics is not a known field'],
  ])('refuses %j and changes nothing', async (body, detail) => {
    await write(family('validated'));
    const answer = await admin.send('PATCH', '/snapshots/policy', body);
    expect([answer.status, answer.body.detail]).toEqual([400, detail]);
    expect((await admin.get('/snapshots/policy')).body).toMatchObject({ rollup: 'flat', updated_at: null });
  });

  it('leaves the roll-up as it is if it is null', async () => {
    await admin.send('PATCH', '/snapshots/policy', { rollup: 'leaf' });
    const answer = await admin.send('PATCH', '/snapshots/policy', { rollup: null, scope: null });
    expect([answer.status, answer.body.rollup]).toEqual([200, 'leaf']);
  });

  it('lets only admins change the policy', async () => {
    const lead = await aCaller(http);
    expect((await lead.send('PATCH', '/snapshots/policy', { rollup: 'leaf' })).status).toBe(403);
    expect((await lead.get('/snapshots/policy')).status).toBe(200);
  });
});
