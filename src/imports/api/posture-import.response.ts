import { ApiProperty } from '@nestjs/swagger';
import { TECHNIQUE_STATUSES, type TechniqueStatus } from '../../posture/words/index.js';
import { POSTURE_FILE_FORMAT_NAMES, type PostureFileFormatName } from '../formats/index.js';
import { PRESET_NAMES, type PresetName } from '../presets/index.js';
import type { OptionValue, OptionValues } from '../presets/preset-options.js';
import { IMPORT_STATUSES, type ImportStatus } from '../store/import-status.js';
import type { PostureImportCounts } from '../store/posture-import-summary.js';

/** Counts. The lists of the answer name the first 500 of each, `changes` the first 100. */
export class PostureImportCountsResponse implements PostureImportCounts {
  /** Entries of the file, usable or not. */
  @ApiProperty({ type: 'integer' })
  entries: number;
  /** Different ids that the usable entries name. */
  @ApiProperty({ type: 'integer' })
  techniques: number;
  /** Techniques that change. */
  @ApiProperty({ type: 'integer' })
  changed: number;
  /** Techniques that stay as they are, because the file says nothing new or its status is not taken. */
  @ApiProperty({ type: 'integer' })
  unchanged: number;
  /** Techniques whose status was not taken. They are counted above too. */
  @ApiProperty({ type: 'integer' })
  kept: number;
  /** Ids without a statement in the file: not scored, or disabled. They stay as they are. */
  @ApiProperty({ type: 'integer' })
  silent: number;
  /** Ids that the catalogue does not have. */
  @ApiProperty({ type: 'integer' })
  unmapped: number;
  /** Ids that ATT&CK took out of force without a replacement. They stay as they are. */
  @ApiProperty({ type: 'integer' })
  out_of_scope: number;
  /** Ids that ATT&CK replaced. The file counts for their replacements. They are counted above too. */
  @ApiProperty({ type: 'integer' })
  remapped: number;
  /** Entries that were left out. */
  @ApiProperty({ type: 'integer' })
  problems: number;
}

/** What is known of a technique. */
export class PostureImageResponse {
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

export class PostureImportChangeResponse {
  @ApiProperty({ format: 'uuid' })
  technique_id: string;
  attack_id: string;
  name: string;
  before: PostureImageResponse;
  after: PostureImageResponse;
  /** The reason, from the file. */
  because: string;
  /** Ids of the file that ATT&CK replaced by this technique. */
  remapped_from: string[];
  /** What undoing the import did. `skipped`: the technique had been changed since. */
  @ApiProperty({ enum: ['restored', 'skipped'], type: String, nullable: true })
  undo_outcome: 'restored' | 'skipped' | null;
}

export class PostureImportChangeListResponse {
  items: PostureImportChangeResponse[];
  @ApiProperty({ type: 'integer' })
  total: number;
}

export class KeptStatusResponse {
  attack_id: string;
  /** The status that stays. */
  @ApiProperty({ enum: TECHNIQUE_STATUSES })
  status: string;
  @ApiProperty({ enum: TECHNIQUE_STATUSES })
  proposed: string;
  /** `higher` and `is_set` follow from `on_conflict`. `no_evidence`: validated without the date of a test. */
  @ApiProperty({ enum: ['higher', 'is_set', 'no_evidence'] })
  reason: string;
}

export class UnmappedIdResponse {
  attack_id: string;
  /** `domain_not_loaded`: the catalogue has no release of the file's domain. */
  @ApiProperty({ enum: ['unknown', 'domain_not_loaded'] })
  reason: string;
}

export class OutOfScopeIdResponse {
  attack_id: string;
  @ApiProperty({ enum: ['revoked', 'deprecated'] })
  reason: string;
}

export class RemappedIdResponse {
  attack_id: string;
  /** The technique in force that `revoked-by` leads to in the end. */
  to_attack_id: string;
}

export class ImportProblemResponse {
  /** A line or a path in the file. */
  at: string;
  message: string;
}

export class PostureImportResponse {
  @ApiProperty({ format: 'uuid' })
  id: string;
  @ApiProperty({ enum: IMPORT_STATUSES })
  status: ImportStatus;
  @ApiProperty({ enum: POSTURE_FILE_FORMAT_NAMES })
  format: PostureFileFormatName;
  @ApiProperty({ enum: PRESET_NAMES })
  preset: PresetName;
  /** All options of the preset, with their given or default values. */
  @ApiProperty({ type: 'object', additionalProperties: true })
  options: OptionValues;
  @ApiProperty({ type: String, nullable: true })
  file_name: string | null;
  /** SHA-256 of the file. */
  content_hash: string;
  @ApiProperty({ type: 'integer' })
  byte_count: number;
  /** How much of the file has been read. */
  @ApiProperty({ type: 'integer' })
  bytes_read: number;
  /** The name that the file gives itself. */
  @ApiProperty({ type: String, nullable: true })
  source_name: string | null;
  /** The ATT&CK release that the file was made for, if it says so. */
  @ApiProperty({ type: String, nullable: true })
  attack_version: string | null;
  /** Null until the file is read. */
  @ApiProperty({ type: PostureImportCountsResponse, nullable: true })
  counts: PostureImportCountsResponse | null;
  /** Why reading failed. */
  @ApiProperty({ type: String, nullable: true })
  failure: string | null;
  /** The user or API key; null for the command line. The same holds for `applied_by` and `undone_by`. */
  @ApiProperty({ type: String, format: 'uuid', nullable: true })
  created_by: string | null;
  @ApiProperty({ format: 'date-time' })
  created_at: string;
  /** Until when a preview can be applied. */
  @ApiProperty({ format: 'date-time' })
  expires_at: string;
  @ApiProperty({ type: String, format: 'uuid', nullable: true })
  applied_by: string | null;
  @ApiProperty({ type: String, format: 'date-time', nullable: true })
  applied_at: string | null;
  @ApiProperty({ type: String, format: 'uuid', nullable: true })
  undone_by: string | null;
  @ApiProperty({ type: String, format: 'date-time', nullable: true })
  undone_at: string | null;
}

export class PostureImportListResponse {
  items: PostureImportResponse[];
  @ApiProperty({ type: 'integer' })
  total: number;
  @ApiProperty({ type: String, nullable: true })
  next_cursor: string | null;
}

export class CatalogueReleaseResponse {
  domain: string;
  @ApiProperty({ type: String, nullable: true })
  attack_version: string | null;
}

export class PostureImportDetailResponse extends PostureImportResponse {
  /** Whether this answers an upload of a file that is applied already. Nothing was stored then. */
  already_applied: boolean;
  /** The releases of the catalogue when the preview was made. Ids from a newer release are unmapped. */
  catalogue: CatalogueReleaseResponse[];
  /** The first 100; `GET /posture/imports/{id}/changes` lists all. */
  changes: PostureImportChangeResponse[];
  kept: KeptStatusResponse[];
  unmapped: UnmappedIdResponse[];
  out_of_scope: OutOfScopeIdResponse[];
  remapped: RemappedIdResponse[];
  problems: ImportProblemResponse[];
  /** Sentences about what looks as if the file means something else, such as scores from 0 to 1. */
  hints: string[];
}

export class UndoImportResponse {
  import: PostureImportResponse;
  /** How many techniques were restored. */
  @ApiProperty({ type: 'integer' })
  restored: number;
  /** How many stay as they are, because they were changed again after the import. */
  @ApiProperty({ type: 'integer' })
  skipped: number;
  /** The first 100 of those. */
  skipped_ids: string[];
}

export class PresetOptionResponse {
  name: string;
  @ApiProperty({ enum: ['number', 'boolean', 'date', 'choice'] })
  kind: string;
  description: string;
  /** Null: not set. */
  @ApiProperty({ oneOf: [{ type: 'number' }, { type: 'string' }, { type: 'boolean' }], nullable: true })
  default: OptionValue;
  @ApiProperty({ type: Number, nullable: true })
  min: number | null;
  @ApiProperty({ type: Number, nullable: true })
  max: number | null;
  @ApiProperty({ type: [String], nullable: true })
  choices: string[] | null;
}

export class PresetResponse {
  @ApiProperty({ enum: PRESET_NAMES })
  name: PresetName;
  title: string;
  description: string;
  @ApiProperty({ enum: POSTURE_FILE_FORMAT_NAMES, isArray: true })
  formats: PostureFileFormatName[];
  options: PresetOptionResponse[];
}

export class PresetListResponse {
  items: PresetResponse[];
}
