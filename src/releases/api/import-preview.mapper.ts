import type { ReleasePreview } from '../preview/catalogue-preview.service.js';
import type { ImpactedTechnique, RevokedTechnique } from '../preview/plan-impact.js';
import type {
  ChangedTechniqueResponse,
  ImpactedTechniqueResponse,
  ImportPreviewResponse,
  MovedTechniqueResponse,
  RevokedTechniqueResponse,
} from './import-preview.response.js';

/** The most techniques that each list names. */
const MAX_LISTED = 500;

export function toImportPreviewResponse(preview: ReleasePreview): ImportPreviewResponse {
  const { added, revoked, deprecated, moved, changedMajor, changedMinor, coverage, policy } = preview;
  return {
    domain: preview.domain,
    attack_version: preview.attackVersion,
    loaded_attack_version: preview.loadedAttackVersion,
    added_count: added.length,
    added: listed(added.map(({ attackId, name, tactics }) => ({ attack_id: attackId, name, tactics }))),
    revoked_count: revoked.length,
    revoked: listed(revoked.map(toRevoked)),
    carried_over_count: revoked.filter(({ isCarriedOver }) => isCarriedOver).length,
    deprecated_count: deprecated.length,
    deprecated: listed(deprecated.map(toImpacted)),
    moved_count: moved.length,
    moved: listed(moved.map(toMoved)),
    changed_major_count: changedMajor.length,
    changed_major: listed(changedMajor.map(toChanged)),
    changed_minor_count: changedMinor.length,
    changed_minor: listed(changedMinor.map(toChanged)),
    coverage: {
      rollup: policy.rollup,
      scope: policy.scope,
      before_pct: coverage.before,
      after_unmapped_pct: coverage.unmapped,
      after_carried_over_pct: coverage.carriedOver,
    },
  };
}

function listed<T extends { attack_id: string }>(items: T[]): T[] {
  return items
    .sort((a, b) => (a.attack_id < b.attack_id ? -1 : a.attack_id > b.attack_id ? 1 : 0))
    .slice(0, MAX_LISTED);
}

function toImpacted({ before, after }: ImpactedTechnique): ImpactedTechniqueResponse {
  return {
    attack_id: after.attackId,
    name: after.name,
    status_global: before.status,
    last_review_date: before.lastReviewDate?.toISOString() ?? null,
    risk_score: before.riskScore,
    owner_id: before.ownerId,
    tags: before.tags,
  };
}

function toRevoked({ replacement, isCarriedOver, ...technique }: RevokedTechnique): RevokedTechniqueResponse {
  return {
    ...toImpacted(technique),
    replaced_by: replacement && { attack_id: replacement.attackId, name: replacement.name },
    carried_over: isCarriedOver,
  };
}

function toMoved(technique: ImpactedTechnique): MovedTechniqueResponse {
  const { before, after } = technique;
  return { ...toImpacted(technique), tactics_before: before.tactics, tactics_after: after.tactics };
}

function toChanged(technique: ImpactedTechnique): ChangedTechniqueResponse {
  const { before, after } = technique;
  return { ...toImpacted(technique), version_before: before.techniqueVersion, version_after: after.techniqueVersion };
}
