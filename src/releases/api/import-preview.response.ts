import { ApiProperty } from '@nestjs/swagger';
import { ATTACK_DOMAINS, type AttackDomain } from '../../catalogue/words/index.js';
import { TECHNIQUE_STATUSES, type TechniqueStatus } from '../../posture/words/index.js';
import { ROLLUPS, type Rollup, SnapshotScopeResponse } from '../../snapshots/index.js';

export class AddedTechniqueResponse {
  attack_id: string;
  name: string;
  /** Short names. */
  tactics: string[];
}

/** A technique that the release changes, with the organisation's posture. */
export class ImpactedTechniqueResponse {
  attack_id: string;
  name: string;
  @ApiProperty({ enum: TECHNIQUE_STATUSES })
  status_global: TechniqueStatus;
  @ApiProperty({ type: String, format: 'date-time', nullable: true })
  last_review_date: string | null;
  @ApiProperty({ type: Number, nullable: true })
  risk_score: number | null;
  @ApiProperty({ type: String, format: 'uuid', nullable: true })
  owner_id: string | null;
  tags: string[];
}

export class ReplacementResponse {
  attack_id: string;
  name: string;
}

export class RevokedTechniqueResponse extends ImpactedTechniqueResponse {
  /** Null if there is no replacement. */
  @ApiProperty({ type: ReplacementResponse, nullable: true })
  replaced_by: ReplacementResponse | null;
  /**
   * Whether status, review, risk, owner and tags go to the replacement. Its own posture and that of other revoked
   * techniques go first.
   */
  carried_over: boolean;
}

export class MovedTechniqueResponse extends ImpactedTechniqueResponse {
  tactics_before: string[];
  tactics_after: string[];
}

export class ChangedTechniqueResponse extends ImpactedTechniqueResponse {
  /** MITRE's version of the technique. */
  @ApiProperty({ type: String, nullable: true })
  version_before: string | null;
  @ApiProperty({ type: String, nullable: true })
  version_after: string | null;
}

/**
 * Coverage in percent, not rounded, with the roll-up and scope of the organisation's snapshots; null if nothing is in
 * scope.
 */
export class CoverageImpactResponse {
  @ApiProperty({ enum: ROLLUPS })
  rollup: Rollup;
  @ApiProperty({ type: SnapshotScopeResponse, nullable: true })
  scope: SnapshotScopeResponse | null;
  @ApiProperty({ type: Number, nullable: true })
  before_pct: number | null;
  /** After the release, without carry-over. */
  @ApiProperty({ type: Number, nullable: true })
  after_unmapped_pct: number | null;
  /** After the release, with carry-over. */
  @ApiProperty({ type: Number, nullable: true })
  after_carried_over_pct: number | null;
}

/**
 * The effect of loading a release on the organisation. Nothing is written. Counts include everything; each list has the
 * first 500 by ATT&CK id.
 */
export class ImportPreviewResponse {
  @ApiProperty({ enum: ATTACK_DOMAINS })
  domain: AttackDomain;
  attack_version: string;
  /** The loaded release of the domain. */
  @ApiProperty({ type: String, nullable: true })
  loaded_attack_version: string | null;
  @ApiProperty({ type: 'integer' })
  added_count: number;
  added: AddedTechniqueResponse[];
  @ApiProperty({ type: 'integer' })
  revoked_count: number;
  revoked: RevokedTechniqueResponse[];
  /** Revoked techniques whose posture goes to a replacement. */
  @ApiProperty({ type: 'integer' })
  carried_over_count: number;
  @ApiProperty({ type: 'integer' })
  deprecated_count: number;
  deprecated: ImpactedTechniqueResponse[];
  /** Techniques in force whose tactics change. */
  @ApiProperty({ type: 'integer' })
  moved_count: number;
  moved: MovedTechniqueResponse[];
  @ApiProperty({ type: 'integer' })
  changed_major_count: number;
  changed_major: ChangedTechniqueResponse[];
  @ApiProperty({ type: 'integer' })
  changed_minor_count: number;
  changed_minor: ChangedTechniqueResponse[];
  coverage: CoverageImpactResponse;
}
