import { ApiProperty } from '@nestjs/swagger';
import { ATTACK_DOMAINS, type AttackDomain } from '../../catalogue/words/index.js';
import type { CatalogueImportResult } from '../import/catalogue-import.result.js';
import type { UndoneCatalogueImport } from '../undo/catalogue-undo.service.js';

/** Objects of a bundle that were skipped for one reason. */
export class SkippedObjectsResponse {
  reason: string;
  @ApiProperty({ type: 'integer' })
  count: number;
  /** At most five ids. */
  examples: string[];
}

/**
 * The result of an import of an ATT&CK release. Each technique counts once: `added`, `revoked`, `deprecated`,
 * `changed_major`, `changed_minor`, `changed_metadata_only`, `restamped` and `unchanged` add up to `techniques_total`.
 * Lists of ids name the first 20.
 */
export class CatalogueImportResponse implements CatalogueImportResult {
  @ApiProperty({ format: 'uuid' })
  id: string;
  @ApiProperty({ enum: ATTACK_DOMAINS })
  domain: AttackDomain;
  attack_version: string;
  /** The release of this domain that was loaded before. */
  @ApiProperty({ type: String, nullable: true })
  previous_attack_version: string | null;
  /**
   * The source, such as `upload: enterprise-attack-18.1.json`. Organisations other than the operator's see only the
   * first word.
   */
  source: string;
  /**
   * The user or API key that imported it; null for the command line and the first start, and for organisations other
   * than the operator's.
   */
  @ApiProperty({ type: String, format: 'uuid', nullable: true })
  imported_by: string | null;
  @ApiProperty({ format: 'date-time' })
  created_at: string;
  /** Imported techniques and sub-techniques, including revoked and deprecated ones. */
  @ApiProperty({ type: 'integer' })
  techniques_total: number;
  @ApiProperty({ type: 'integer' })
  added: number;
  added_ids: string[];
  /** The major number of their version changed. */
  @ApiProperty({ type: 'integer' })
  changed_major: number;
  changed_major_ids: string[];
  @ApiProperty({ type: 'integer' })
  changed_minor: number;
  changed_minor_ids: string[];
  /** Content or another fact changed without a change of version. */
  @ApiProperty({ type: 'integer' })
  changed_metadata_only: number;
  changed_metadata_only_ids: string[];
  /** Only MITRE's timestamp changed, and `mitre_last_modified` did not. */
  @ApiProperty({ type: 'integer' })
  restamped: number;
  /** Revoked since the release before. */
  @ApiProperty({ type: 'integer' })
  revoked: number;
  revoked_ids: string[];
  /** Deprecated since the release before. */
  @ApiProperty({ type: 'integer' })
  deprecated: number;
  deprecated_ids: string[];
  @ApiProperty({ type: 'integer' })
  unchanged: number;
  /** In the catalogue but not in this release. They stay as they are. */
  @ApiProperty({ type: 'integer' })
  missing: number;
  missing_ids: string[];
  /** Objects of the bundle that could not be used. */
  @ApiProperty({ type: 'integer' })
  skipped: number;
  skipped_reasons: SkippedObjectsResponse[];
  @ApiProperty({ type: 'integer' })
  tactics_total: number;
  @ApiProperty({ type: 'integer' })
  tactics_added: number;
  @ApiProperty({ type: 'integer' })
  tactics_changed: number;
  /**
   * Replacements that got the status, review, risk, owner and tags of a technique that this release revoked, over all
   * organisations. Null for organisations other than the operator's.
   */
  @ApiProperty({ type: 'integer', nullable: true })
  carried_over: number | null;
  duration_seconds: number;
}

/** A past import, and when it was undone. */
export class KeptCatalogueImportResponse extends CatalogueImportResponse {
  /** When it was undone; null if it was not. */
  @ApiProperty({ type: String, format: 'date-time', nullable: true })
  undone_at: string | null;
}

/** The result of undoing an import. */
export class UndoneImportResponse implements UndoneCatalogueImport {
  @ApiProperty({ format: 'uuid' })
  id: string;
  @ApiProperty({ enum: ATTACK_DOMAINS })
  domain: AttackDomain;
  /** The release that was removed. */
  attack_version: string;
  /** The release that is loaded now; null if the domain has none. */
  @ApiProperty({ type: String, nullable: true })
  loaded_attack_version: string | null;
  @ApiProperty({ format: 'date-time' })
  undone_at: string;
  /** Techniques that were restored to their state from before the import. */
  @ApiProperty({ type: 'integer' })
  techniques_restored: number;
  /** Techniques that the import had added and that were removed. */
  @ApiProperty({ type: 'integer' })
  techniques_removed: number;
  /** Techniques that the import had added and that stay, out of force, because an organisation has used them. */
  @ApiProperty({ type: 'integer' })
  techniques_kept: number;
  /** Replacements whose posture was restored to its state from before the carry-over, over all organisations. */
  @ApiProperty({ type: 'integer' })
  posture_put_back: number;
  /** Replacements whose posture stays, because it was changed after the import. */
  @ApiProperty({ type: 'integer' })
  posture_kept: number;
}

export class CatalogueImportListResponse {
  items: KeptCatalogueImportResponse[];
  /** How many imports there are, on all pages. */
  @ApiProperty({ type: 'integer' })
  total: number;
  @ApiProperty({ type: String, nullable: true })
  next_cursor: string | null;
}
