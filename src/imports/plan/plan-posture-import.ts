import type { TechniqueStatus } from '../../posture/words/index.js';
import type { ImportProblem } from '../observations/observation.js';
import type { ConflictRule } from '../presets/preset-options.js';
import type { Proposal } from '../presets/preset.js';

/** The posture of a technique, as far as an import may change it. */
export interface PostureImage {
  statusGlobal: TechniqueStatus;
  lastReviewDate: Date | null;
  riskScore: number | null;
  ownerId: string | null;
  /** Sorted, each once. */
  tags: string[];
}

/** The catalogue's and the organisation's data for an id of the file. */
export interface FoundTechnique {
  /** Why the id itself is out of force; null if it is in force. */
  outOfForce: 'revoked' | 'deprecated' | null;
  /** The technique in force that the id means: itself, or the last one in its chain of `revoked-by`. */
  target: ({ techniqueId: string; attackId: string; name: string } & PostureImage) | null;
  /** The owner that the proposal names; null unless they are an active member. */
  ownerId: string | null;
}

export interface PlannedChange {
  techniqueId: string;
  attackId: string;
  name: string;
  before: PostureImage;
  after: PostureImage;
  because: string;
  /** Ids of the file that ATT&CK replaced by this technique. */
  remappedFrom: string[];
}

/**
 * A status of the file that is not taken. `higher` and `is_set` follow from the conflict rule. `no_evidence`: validated
 * without a date.
 */
export interface KeptStatus {
  attackId: string;
  status: TechniqueStatus;
  proposed: TechniqueStatus;
  reason: 'higher' | 'is_set' | 'no_evidence';
}

/** The release of a domain in the catalogue. */
export interface CatalogueRelease {
  domain: string;
  /** Null: its techniques came into the catalogue without an import. */
  attackVersion: string | null;
}

export interface PostureImportPlan {
  /** The releases of the catalogue that the plan is based on. */
  catalogue: readonly CatalogueRelease[];
  changes: PlannedChange[];
  /** How many techniques of the file stay as they are. */
  unchanged: number;
  kept: KeptStatus[];
  /** Ids of the file that the catalogue does not have. `domain_not_loaded`: it has no release of the domain. */
  unmapped: { attackId: string; reason: 'unknown' | 'domain_not_loaded' }[];
  /** Ids that ATT&CK took out of force without a replacement. They stay as they are. */
  outOfScope: { attackId: string; reason: 'revoked' | 'deprecated' }[];
  remapped: { attackId: string; toAttackId: string }[];
  problems: ImportProblem[];
}

/** A proposal and the technique in force that it is about. */
interface TargetedProposal {
  proposal: Proposal;
  target: NonNullable<FoundTechnique['target']>;
  ownerId: string | null;
  isRemapped: boolean;
}

/** From lowest to highest. `not_applicable` is outside this order. */
const RANK: Readonly<Record<TechniqueStatus, number>> = {
  not_evaluated: 0,
  not_covered: 1,
  in_progress: 2,
  partial: 3,
  validated: 4,
  not_applicable: -1,
};

/**
 * Decides how the proposals of a file change the posture. Pure: callers write the changes. If several ids of the file
 * mean one technique, the highest status counts; among equals the technique's own id counts.
 * @param found in the order of the proposals; undefined if the catalogue has no such id.
 */
export function planPostureImport(
  proposals: readonly Proposal[],
  found: readonly (FoundTechnique | undefined)[],
  catalogue: readonly CatalogueRelease[],
  rule: ConflictRule,
): PostureImportPlan {
  const plan: PostureImportPlan = {
    catalogue,
    changes: [],
    unchanged: 0,
    kept: [],
    unmapped: [],
    outOfScope: [],
    remapped: [],
    problems: [],
  };
  const byTarget = new Map<string, TargetedProposal[]>();
  for (const [index, proposal] of proposals.entries()) {
    const targeted = findTarget(proposal, found[index], plan);
    if (!targeted) continue;
    const { techniqueId } = targeted.target;
    byTarget.set(techniqueId, [...(byTarget.get(techniqueId) ?? []), targeted]);
  }
  for (const group of byTarget.values()) planTechnique(group, rule, plan);
  plan.changes.sort((a, b) => (a.attackId < b.attackId ? -1 : 1));
  return plan;
}

function findTarget(
  proposal: Proposal,
  found: FoundTechnique | undefined,
  plan: PostureImportPlan,
): TargetedProposal | undefined {
  const { attackId, domain, at } = proposal;
  if (!found) {
    const isLoaded = domain === null || plan.catalogue.some((release) => release.domain === domain);
    plan.unmapped.push({ attackId, reason: isLoaded ? 'unknown' : 'domain_not_loaded' });
    return undefined;
  }
  const { target, outOfForce, ownerId } = found;
  if (!target) {
    plan.outOfScope.push({ attackId, reason: outOfForce ?? 'deprecated' });
    return undefined;
  }
  if (namesOwner(proposal) && ownerId === null) {
    const field = proposal.ownerId ? 'owner_id' : 'owner_email';
    plan.problems.push({ at: `${at}.${field}`, message: 'is not an active member of this organisation' });
    return undefined;
  }
  const isRemapped = target.attackId !== attackId || outOfForce !== null;
  if (isRemapped) plan.remapped.push({ attackId, toAttackId: target.attackId });
  return { proposal, target, ownerId, isRemapped };
}

function planTechnique(group: readonly TargetedProposal[], rule: ConflictRule, plan: PostureImportPlan): void {
  const [chosen] = [...group].sort(highestThenOwn);
  const { target, proposal, ownerId } = chosen!;
  const { techniqueId, attackId, name, ...before } = target;
  const proposed = proposal.statusGlobal === null ? 'not_evaluated' : proposal.statusGlobal;
  const reason = proposed === undefined ? null : whyKept(before.statusGlobal, proposed, proposal, rule);
  if (reason !== null) plan.kept.push({ attackId, status: before.statusGlobal, proposed: proposed!, reason });
  const after = imageAfter(before, proposal, { rule, ownerId, takesStatus: reason === null });
  if (isSameImage(before, after)) {
    plan.unchanged += 1;
    return;
  }
  const remappedFrom = group.filter(({ isRemapped }) => isRemapped).map((targeted) => targeted.proposal.attackId);
  plan.changes.push({ techniqueId, attackId, name, before, after, because: proposal.because, remappedFrom });
}

function highestThenOwn(a: TargetedProposal, b: TargetedProposal): number {
  const rank = ({ proposal }: TargetedProposal): number => RANK[proposal.statusGlobal ?? 'not_evaluated'];
  return rank(b) - rank(a) || Number(a.isRemapped) - Number(b.isRemapped);
}

function whyKept(
  current: TechniqueStatus,
  proposed: TechniqueStatus,
  { lastReviewDate }: Proposal,
  rule: ConflictRule,
): KeptStatus['reason'] | null {
  if (current === proposed) return null;
  if (rule === 'only_unset' && current !== 'not_evaluated') return 'is_set';
  if (rule === 'keep_higher' && isHigher(current, proposed)) return 'higher';
  return proposed === 'validated' && !lastReviewDate ? 'no_evidence' : null;
}

/** `not_applicable` is a decision: no status replaces it, and it replaces only a status that holds no evidence. */
function isHigher(current: TechniqueStatus, proposed: TechniqueStatus): boolean {
  if (current === 'not_applicable') return true;
  if (proposed === 'not_applicable') return RANK[current] > RANK.not_covered;
  return RANK[current] > RANK[proposed];
}

function namesOwner({ ownerId, ownerEmail }: Proposal): boolean {
  return (ownerId ?? ownerEmail ?? null) !== null;
}

/** A review date belongs to its status: if the status is not taken, the date is not taken either. */
function imageAfter(
  before: PostureImage,
  proposal: Proposal,
  { rule, ownerId, takesStatus }: { rule: ConflictRule; ownerId: string | null; takesStatus: boolean },
): PostureImage {
  const { statusGlobal, lastReviewDate, riskScore, tags } = proposal;
  const setsOwner = proposal.ownerId !== undefined || proposal.ownerEmail !== undefined;
  const mayFill = (value: unknown): boolean => rule !== 'only_unset' || value === null;
  return {
    statusGlobal: takesStatus && statusGlobal !== undefined ? (statusGlobal ?? 'not_evaluated') : before.statusGlobal,
    lastReviewDate:
      takesStatus && lastReviewDate !== undefined && mayFill(before.lastReviewDate)
        ? reviewDate(before.lastReviewDate, lastReviewDate, rule)
        : before.lastReviewDate,
    riskScore: riskScore !== undefined && mayFill(before.riskScore) ? riskScore : before.riskScore,
    ownerId: setsOwner && mayFill(before.ownerId) ? (namesOwner(proposal) ? ownerId : null) : before.ownerId,
    tags: tags !== undefined && (rule !== 'only_unset' || before.tags.length === 0) ? (tags ?? []) : before.tags,
  };
}

function reviewDate(before: Date | null, proposed: Date | null, rule: ConflictRule): Date | null {
  if (rule !== 'keep_higher' || before === null) return proposed;
  return proposed !== null && proposed > before ? proposed : before;
}

export function isSameImage(a: PostureImage, b: PostureImage): boolean {
  return (
    a.statusGlobal === b.statusGlobal &&
    (a.lastReviewDate?.getTime() ?? null) === (b.lastReviewDate?.getTime() ?? null) &&
    a.riskScore === b.riskScore &&
    a.ownerId === b.ownerId &&
    a.tags.join() === b.tags.join()
  );
}
