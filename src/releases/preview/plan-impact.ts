import { isInForce, type CatalogueTechnique, type ImportPlan } from '../../catalogue/index.js';
import type { TechniqueStatus } from '../../posture/words/index.js';
import { rollUp, type Rollup, type SnapshotScope } from '../../snapshots/index.js';
import { CARRIED_FIRST } from '../carry-over/carry-over.js';

/** A technique of the catalogue, of any domain, with the organisation's posture. */
export interface StandingTechnique {
  id: string;
  attackId: string;
  name: string;
  domain: string;
  parentId: string | null;
  tactics: string[];
  platforms: string[];
  techniqueVersion: string | null;
  inForce: boolean;
  status: TechniqueStatus;
  lastReviewDate: Date | null;
  riskScore: number | null;
  ownerId: string | null;
  tags: string[];
}

/** A technique that a release changes, before and after. */
export interface ImpactedTechnique {
  before: StandingTechnique;
  after: CatalogueTechnique;
}

/** A technique that a release revokes. */
export interface RevokedTechnique extends ImpactedTechnique {
  /** Its replacement; null if there is none. */
  replacement: { id: string; attackId: string; name: string } | null;
  /** Whether its posture goes to the replacement. */
  isCarriedOver: boolean;
}

/** Coverage in percent; null if nothing is in scope. */
export interface CoverageImpact {
  before: number | null;
  /** After the release, without carry-over. */
  unmapped: number | null;
  /** After the release, with carry-over. */
  carriedOver: number | null;
}

export interface ReleaseImpact {
  added: CatalogueTechnique[];
  revoked: RevokedTechnique[];
  deprecated: ImpactedTechnique[];
  moved: ImpactedTechnique[];
  changedMajor: ImpactedTechnique[];
  changedMinor: ImpactedTechnique[];
  coverage: CoverageImpact;
}

/** How the organisation's snapshots are counted. */
interface Policy {
  rollup: Rollup;
  scope: SnapshotScope | null;
}

/**
 * The effect of a planned import on one organisation. Pure. Its rule for carry-over is the one that `carryOver` in
 * `carry-over/carry-over.ts` states in SQL; `test/integration/release-upgrade.test.ts` holds the two equal.
 * @param standing every technique of the catalogue, with the organisation's posture.
 */
export function planImpact(plan: ImportPlan, standing: readonly StandingTechnique[], policy: Policy): ReleaseImpact {
  const known = new Map(standing.map((technique) => [technique.id, technique]));
  const changed = plan.rows.flatMap((after) => {
    const before = known.get(after.id);
    return before ? [{ before, after }] : [];
  });
  const ofKind = (kind: string): ImpactedTechnique[] =>
    changed.filter(({ after }) => plan.changes.get(after.id) === kind);
  const unmapped = afterRelease(plan, known);
  const carried = carriedOver(plan, unmapped, known);
  const mapped = new Map([...unmapped, ...carried].map(([id, technique]) => [id, technique]));
  return {
    added: plan.rows.filter(({ id }) => !known.has(id)),
    revoked: ofKind('revoked').map((one) => withReplacement(one, unmapped, carried)),
    deprecated: ofKind('deprecated'),
    moved: changed.filter(
      ({ before, after }) => isInForce(after) && [...before.tactics].sort().join() !== [...after.tactics].sort().join(),
    ),
    changedMajor: ofKind('major'),
    changedMinor: ofKind('minor'),
    coverage: {
      before: coverageOf(known.values(), policy),
      unmapped: coverageOf(unmapped.values(), policy),
      carriedOver: coverageOf(mapped.values(), policy),
    },
  };
}

/** The catalogue after the release, with the organisation's current posture. */
function afterRelease(plan: ImportPlan, known: ReadonlyMap<string, StandingTechnique>): Map<string, StandingTechnique> {
  const after = new Map(known);
  for (const row of plan.rows) {
    const { id, attackId, name, domain, parentId, tactics, platforms, techniqueVersion } = row;
    const posture = known.get(id) ?? {
      status: 'not_evaluated',
      lastReviewDate: null,
      riskScore: null,
      ownerId: null,
      tags: [],
    };
    const { status, lastReviewDate, riskScore, ownerId, tags } = posture as StandingTechnique;
    const facts = { id, attackId, name, domain, parentId, tactics, platforms, techniqueVersion };
    after.set(id, { ...facts, inForce: isInForce(row), status, lastReviewDate, riskScore, ownerId, tags });
  }
  return after;
}

/** The replacements that get a value, with that value and the id of the revoked technique. */
function carriedOver(
  plan: ImportPlan,
  after: ReadonlyMap<string, StandingTechnique>,
  known: ReadonlyMap<string, StandingTechnique>,
): Map<string, StandingTechnique & { fromId: string }> {
  const carried = new Map<string, StandingTechnique & { fromId: string }>();
  const replacementOf = new Map(plan.rows.map(({ id, replacedById }) => [id, replacedById]));
  const decided = new Set<string>();
  const revoked = plan.replacedIds
    .map((id) => known.get(id)!)
    .filter(isSet)
    .sort(carriedFirst);
  for (const from of revoked) {
    const target = after.get(replacementOf.get(from.id) ?? '');
    if (!target?.inForce || target.status !== 'not_evaluated' || target.lastReviewDate || decided.has(target.id)) {
      continue;
    }
    decided.add(target.id);
    const given = {
      status: from.status,
      lastReviewDate: from.lastReviewDate,
      riskScore: target.riskScore ?? from.riskScore,
      ownerId: target.ownerId ?? from.ownerId,
      tags: target.tags.length > 0 ? target.tags : from.tags,
    };
    if (isMore(given, target)) carried.set(target.id, { ...target, ...given, fromId: from.id });
  }
  return carried;
}

/** Whether the given values add anything to a replacement, which can have only a risk, an owner and tags. */
function isMore(
  given: Pick<StandingTechnique, 'status' | 'lastReviewDate' | 'riskScore' | 'ownerId' | 'tags'>,
  target: StandingTechnique,
): boolean {
  return (
    given.status !== 'not_evaluated' ||
    given.lastReviewDate !== null ||
    given.riskScore !== target.riskScore ||
    given.ownerId !== target.ownerId ||
    given.tags.length > target.tags.length
  );
}

function withReplacement(
  { before, after }: ImpactedTechnique,
  all: ReadonlyMap<string, StandingTechnique>,
  carried: ReadonlyMap<string, { fromId: string }>,
): RevokedTechnique {
  const found = after.replacedById === null ? undefined : all.get(after.replacedById);
  const replacement = found ? { id: found.id, attackId: found.attackId, name: found.name } : null;
  const isCarriedOver = replacement !== null && carried.get(replacement.id)?.fromId === before.id;
  return { before, after, replacement, isCarriedOver };
}

function coverageOf(techniques: Iterable<StandingTechnique>, { rollup, scope }: Policy): number | null {
  const counted = [...techniques].filter(
    ({ inForce, domain, platforms }) =>
      inForce &&
      (!scope?.domains || scope.domains.includes(domain)) &&
      (!scope?.platforms || platforms.some((platform) => scope.platforms!.includes(platform))),
  );
  return rollUp(rollup, counted).coveragePct;
}

function carriedFirst(a: StandingTechnique, b: StandingTechnique): number {
  const rank = CARRIED_FIRST.indexOf(a.status) - CARRIED_FIRST.indexOf(b.status);
  return rank || compare(a.attackId, b.attackId) || compare(a.id, b.id);
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function isSet({ status, lastReviewDate, riskScore, ownerId, tags }: StandingTechnique): boolean {
  return (
    status !== 'not_evaluated' || lastReviewDate !== null || riskScore !== null || ownerId !== null || tags.length > 0
  );
}
