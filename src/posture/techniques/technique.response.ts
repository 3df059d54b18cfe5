import { ApiProperty } from '@nestjs/swagger';
import { TECHNIQUE_STATUSES, type TechniqueStatus } from '../words/technique-status.js';

/** An ATT&CK technique with the organisation's posture. */
export class TechniqueResponse {
  @ApiProperty({ format: 'uuid' })
  id: string;
  /** ATT&CK id, such as `T1059.001`. */
  attack_id: string;
  name: string;
  domain: string;
  is_subtechnique: boolean;
  @ApiProperty({ type: String, format: 'uuid', nullable: true })
  parent_id: string | null;
  @ApiProperty({ type: String, nullable: true })
  parent_attack_id: string | null;
  /** Short names, such as `initial-access`. */
  tactics: string[];
  platforms: string[];
  @ApiProperty({ type: String, nullable: true })
  technique_version: string | null;
  /** The ATT&CK release from which the technique was last read. */
  attack_version: string;
  @ApiProperty({ format: 'date-time' })
  mitre_created: string;
  /** When ATT&CK last changed its content. A release that only changes its time stamp does not count. */
  @ApiProperty({ format: 'date-time' })
  mitre_last_modified: string;
  is_revoked: boolean;
  is_deprecated: boolean;
  /** The technique in force with which ATT&CK replaced a revoked technique. */
  @ApiProperty({ type: String, nullable: true })
  replaced_by_attack_id: string | null;
  @ApiProperty({ enum: TECHNIQUE_STATUSES })
  status_global: TechniqueStatus;
  @ApiProperty({ type: String, format: 'date-time', nullable: true })
  last_review_date: string | null;
  /** 0 to 100. */
  @ApiProperty({ type: Number, nullable: true })
  risk_score: number | null;
  @ApiProperty({ type: String, format: 'uuid', nullable: true })
  owner_id: string | null;
  @ApiProperty({ type: String, nullable: true })
  owner_email: string | null;
  /** The organisation's own words, sorted and in lower case. */
  tags: string[];
  /** When the organisation last changed the posture of the technique. */
  @ApiProperty({ format: 'date-time' })
  posture_updated_at: string;
}

export class TechniqueListResponse {
  items: TechniqueResponse[];
  /** How many techniques match, on all pages. */
  @ApiProperty({ type: 'integer' })
  total: number;
  @ApiProperty({ type: String, nullable: true })
  next_cursor: string | null;
}
