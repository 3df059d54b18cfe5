import { toIso } from '../../common/wire.js';
import type { TechniqueResponse } from './technique.response.js';
import type { TechniqueWithPosture } from './techniques.service.js';

export function toTechniqueResponse(row: TechniqueWithPosture): TechniqueResponse {
  return {
    id: row.id,
    attack_id: row.attackId,
    name: row.name,
    domain: row.domain,
    is_subtechnique: row.isSubtechnique,
    parent_id: row.parentId,
    parent_attack_id: row.parentAttackId,
    tactics: row.tactics,
    platforms: row.platforms,
    technique_version: row.techniqueVersion,
    attack_version: row.attackVersion,
    mitre_created: toIso(row.mitreCreated),
    mitre_last_modified: toIso(row.mitreLastModified),
    is_revoked: row.isRevoked,
    is_deprecated: row.isDeprecated,
    replaced_by_attack_id: row.replacedByAttackId,
    status_global: row.statusGlobal,
    last_review_date: toIso(row.lastReviewDate),
    risk_score: row.riskScore,
    owner_id: row.ownerId,
    owner_email: row.ownerEmail,
    tags: row.tags,
    posture_updated_at: toIso(row.postureUpdatedAt),
  };
}
