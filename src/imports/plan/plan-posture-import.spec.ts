import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { TECHNIQUE_STATUSES, type TechniqueStatus } from '../../posture/words/index.js';
import { CONFLICT_RULES, type ConflictRule } from '../presets/preset-options.js';
import type { Proposal } from '../presets/preset.js';
import {
  planPostureImport,
  type FoundTechnique,
  type PostureImage,
  type PostureImportPlan,
} from './plan-posture-import.js';

const DAY = new Date('2026-01-01');
const LATER = new Date('2026-02-01');
const OWNER = '01900000-0000-7000-8000-000000000001';
const NOTHING: PostureImage = {
  statusGlobal: 'not_evaluated',
  lastReviewDate: null,
  riskScore: null,
  ownerId: null,
  tags: [],
};

const aProposal = (attackId: string, facts: Partial<Proposal> = {}): Proposal => ({
  attackId,
  domain: 'enterprise-attack',
  at: 'line 2',
  because: 'score 1',
  ...facts,
});

const aTarget = (attackId: string, image: Partial<PostureImage> = {}): NonNullable<FoundTechnique['target']> => ({
  techniqueId: `id of ${attackId}`,
  attackId,
  name: attackId,
  ...NOTHING,
  ...image,
});

const inForce = (
  attackId: string,
  image: Partial<PostureImage> = {},
  ownerId: string | null = null,
): FoundTechnique => ({
  outOfForce: null,
  target: aTarget(attackId, image),
  ownerId,
});

const plan = (
  proposals: Proposal[],
  found: (FoundTechnique | undefined)[],
  rule: ConflictRule = 'overwrite',
): PostureImportPlan =>
  planPostureImport(proposals, found, [{ domain: 'enterprise-attack', attackVersion: '18.1' }], rule);

/** Plans one proposal for one technique. */
function after(current: Partial<PostureImage>, proposal: Partial<Proposal>, rule: ConflictRule): PostureImage {
  const { changes } = plan([aProposal('T1', proposal)], [inForce('T1', current, OWNER)], rule);
  return changes[0]?.after ?? { ...NOTHING, ...current };
}

const statusAfter = (current: TechniqueStatus, proposed: TechniqueStatus, rule: ConflictRule): TechniqueStatus =>
  after({ statusGlobal: current }, { statusGlobal: proposed, lastReviewDate: DAY }, rule).statusGlobal;

describe('planPostureImport', () => {
  it('overwrites a status with the rule overwrite', () => {
    for (const current of TECHNIQUE_STATUSES) {
      for (const proposed of TECHNIQUE_STATUSES) expect(statusAfter(current, proposed, 'overwrite')).toBe(proposed);
    }
  });

  it('moves a status only up with the rule keep_higher, and never loses evidence to not_applicable', () => {
    const order: TechniqueStatus[] = ['not_evaluated', 'not_covered', 'in_progress', 'partial', 'validated'];
    for (const [low, current] of order.entries()) {
      for (const [high, proposed] of order.entries()) {
        expect(statusAfter(current, proposed, 'keep_higher')).toBe(order[Math.max(low, high)]);
      }
      expect(statusAfter('not_applicable', current, 'keep_higher')).toBe('not_applicable');
      expect(statusAfter(current, 'not_applicable', 'keep_higher')).toBe(low <= 1 ? 'not_applicable' : current);
    }
  });

  it('sets only techniques that were never evaluated with the rule only_unset', () => {
    for (const current of TECHNIQUE_STATUSES) {
      expect(statusAfter(current, 'partial', 'only_unset')).toBe(current === 'not_evaluated' ? 'partial' : current);
    }
    const known = { riskScore: 5, ownerId: 'another owner', lastReviewDate: DAY };
    const proposal = { riskScore: 9, ownerId: OWNER, lastReviewDate: LATER };
    expect(after(known, proposal, 'only_unset')).toMatchObject(known);
    expect(after({}, proposal, 'only_unset')).toMatchObject(proposal);
  });

  it('takes the later review date with the rule keep_higher, and none with a status that is not taken', () => {
    const proposal = { statusGlobal: 'validated', lastReviewDate: DAY } as const;
    expect(after({ statusGlobal: 'validated', lastReviewDate: LATER }, proposal, 'keep_higher').lastReviewDate).toEqual(
      LATER,
    );
    expect(after({ statusGlobal: 'validated', lastReviewDate: LATER }, proposal, 'overwrite').lastReviewDate).toEqual(
      DAY,
    );
    expect(after({ statusGlobal: 'partial', lastReviewDate: null }, proposal, 'keep_higher').lastReviewDate).toEqual(
      DAY,
    );
    const lower = { statusGlobal: 'partial', lastReviewDate: LATER } as const;
    expect(after({ statusGlobal: 'validated', lastReviewDate: DAY }, lower, 'keep_higher').lastReviewDate).toEqual(DAY);
  });

  it('does not make a technique validated without a date, unless it is validated already', () => {
    const undated = { statusGlobal: 'validated', riskScore: 7 } as const;
    expect(after({ statusGlobal: 'partial' }, undated, 'overwrite')).toMatchObject({
      statusGlobal: 'partial',
      riskScore: 7,
    });
    const { kept, unchanged } = plan([aProposal('T1', { statusGlobal: 'validated' })], [inForce('T1')]);
    expect(kept).toEqual([{ attackId: 'T1', status: 'not_evaluated', proposed: 'validated', reason: 'no_evidence' }]);
    expect(unchanged).toBe(1);
    const validated = inForce('T1', { statusGlobal: 'validated' });
    expect(plan([aProposal('T1', { statusGlobal: 'validated' })], [validated])).toMatchObject({
      kept: [],
      unchanged: 1,
    });
  });

  it('leaves a missing field as it is, and clears a field that is null', () => {
    const known: PostureImage = {
      statusGlobal: 'partial',
      lastReviewDate: DAY,
      riskScore: 5,
      ownerId: 'another owner',
      tags: ['pci'],
    };
    expect(plan([aProposal('T1')], [inForce('T1', known)])).toMatchObject({ changes: [], unchanged: 1 });
    const cleared = { statusGlobal: null, lastReviewDate: null, riskScore: null, ownerId: null, tags: null };
    expect(after(known, cleared, 'overwrite')).toMatchObject({ ...NOTHING });
  });

  it('replaces the tags, or sets them only if there are none', () => {
    const tagged = { ...NOTHING, tags: ['pci'] };
    expect(after(tagged, { tags: ['crown jewels'] }, 'overwrite').tags).toEqual(['crown jewels']);
    expect(after(tagged, { tags: ['crown jewels'] }, 'only_unset').tags).toEqual(['pci']);
    expect(after(NOTHING, { tags: ['crown jewels'] }, 'only_unset').tags).toEqual(['crown jewels']);
    expect(plan([aProposal('T1', { tags: ['pci'] })], [inForce('T1', tagged)])).toMatchObject({ unchanged: 1 });
  });

  it('follows replacements, and takes the highest status if several ids lead to one technique', () => {
    const replaced: FoundTechnique = { outOfForce: 'revoked', target: aTarget('T9'), ownerId: null };
    const result = plan(
      [
        aProposal('T1', { statusGlobal: 'partial', because: 'score 4' }),
        aProposal('T9', { statusGlobal: 'not_covered' }),
        aProposal('T2', { statusGlobal: 'not_covered' }),
      ],
      [replaced, inForce('T9'), replaced],
    );
    expect(result.remapped).toEqual([
      { attackId: 'T1', toAttackId: 'T9' },
      { attackId: 'T2', toAttackId: 'T9' },
    ]);
    expect(result.changes).toMatchObject([
      { attackId: 'T9', after: { statusGlobal: 'partial' }, because: 'score 4', remappedFrom: ['T1', 'T2'] },
    ]);
  });

  it('lists ids without a technique in force, with the reason', () => {
    const gone = (outOfForce: 'revoked' | 'deprecated'): FoundTechnique => ({
      outOfForce,
      target: null,
      ownerId: null,
    });
    const result = plan(
      [aProposal('T1'), aProposal('T2', { domain: 'ics-attack' }), aProposal('T3'), aProposal('T4')],
      [undefined, undefined, gone('revoked'), gone('deprecated')],
    );
    expect(result).toMatchObject({
      changes: [],
      unchanged: 0,
      unmapped: [
        { attackId: 'T1', reason: 'unknown' },
        { attackId: 'T2', reason: 'domain_not_loaded' },
      ],
      outOfScope: [
        { attackId: 'T3', reason: 'revoked' },
        { attackId: 'T4', reason: 'deprecated' },
      ],
    });
  });

  it('leaves out a technique whose owner is not a member', () => {
    const result = plan([aProposal('T1', { ownerEmail: 'x@y.z', statusGlobal: 'partial' })], [inForce('T1')]);
    expect(result).toMatchObject({
      changes: [],
      problems: [{ at: 'line 2.owner_email', message: 'is not an active member of this organisation' }],
    });
  });

  const anImage = fc.record({
    statusGlobal: fc.constantFrom(...TECHNIQUE_STATUSES),
    lastReviewDate: fc.constantFrom(null, DAY, LATER),
    riskScore: fc.constantFrom(null, 1, 2),
    ownerId: fc.constantFrom(null, OWNER, 'another owner'),
  });
  const anyProposal = fc
    .record(
      {
        statusGlobal: fc.constantFrom(null, ...TECHNIQUE_STATUSES),
        lastReviewDate: fc.constantFrom(null, DAY, LATER),
        riskScore: fc.constantFrom(null, 1, 2),
        ownerId: fc.constantFrom(null, OWNER),
      },
      { requiredKeys: [] },
    )
    .map((facts) => aProposal('T1', facts));

  it('plans no change after its own plan is applied, for any posture and proposal', () => {
    fc.assert(
      fc.property(anImage, anyProposal, fc.constantFrom(...CONFLICT_RULES), (image, proposal, rule) => {
        const first = plan([proposal], [inForce('T1', image, proposal.ownerId ?? null)], rule);
        const image2 = first.changes[0]?.after ?? image;
        const second = plan([proposal], [inForce('T1', image2, proposal.ownerId ?? null)], rule);
        expect(second.changes).toEqual([]);
        expect(first.changes.length + first.unchanged).toBe(1);
      }),
    );
  });

  it('never makes a technique validated without the date of a test', () => {
    fc.assert(
      fc.property(anImage, anyProposal, fc.constantFrom(...CONFLICT_RULES), (image, proposal, rule) => {
        const [change] = plan([proposal], [inForce('T1', image, proposal.ownerId ?? null)], rule).changes;
        if (change?.after.statusGlobal === 'validated' && image.statusGlobal !== 'validated') {
          expect(proposal.lastReviewDate).toBeInstanceOf(Date);
          expect(change.after.lastReviewDate).not.toBeNull();
        }
      }),
    );
  });
});
