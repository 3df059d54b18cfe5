import { ApiProperty } from '@nestjs/swagger';
import { CHANGE_SOURCES, type ChangeSource } from '../words/change-source.js';
import { TECHNIQUE_STATUSES, type TechniqueStatus } from '../words/technique-status.js';

/** The posture of a technique from one change to the next, and the cause of the change. */
export class PostureVersionResponse {
  /** Counted from 1. */
  @ApiProperty({ type: 'integer' })
  version: number;
  @ApiProperty({ format: 'date-time' })
  valid_from: string;
  /** When the next version replaced it; null for the current version. */
  @ApiProperty({ type: String, format: 'date-time', nullable: true })
  valid_to: string | null;
  @ApiProperty({ enum: TECHNIQUE_STATUSES })
  status_global: TechniqueStatus;
  @ApiProperty({ type: String, format: 'date-time', nullable: true })
  last_review_date: string | null;
  @ApiProperty({ type: Number, nullable: true })
  risk_score: number | null;
  @ApiProperty({ type: String, format: 'uuid', nullable: true })
  owner_id: string | null;
  @ApiProperty({ type: String, nullable: true })
  owner_email: string | null;
  tags: string[];
  /** Whether the technique was neither revoked nor deprecated. */
  in_force: boolean;
  @ApiProperty({ format: 'date-time' })
  mitre_last_modified: string;
  /** The cause of this version: `database` if no writer gave one, for example when an owner was removed. */
  @ApiProperty({ enum: CHANGE_SOURCES })
  change_source: ChangeSource;
  /** The import run, the ATT&CK release or the queue item that made the change. */
  @ApiProperty({ type: String, format: 'uuid', nullable: true })
  change_id: string | null;
  /** The user or API key; null if no person or key made the change. */
  @ApiProperty({ type: String, format: 'uuid', nullable: true })
  changed_by: string | null;
  @ApiProperty({ type: String, nullable: true })
  changed_by_name: string | null;
}

export class PostureVersionListResponse {
  items: PostureVersionResponse[];
  /** How many versions are kept, on all pages. */
  @ApiProperty({ type: 'integer' })
  total: number;
  @ApiProperty({ type: String, nullable: true })
  next_cursor: string | null;
}
