import { ApiProperty } from '@nestjs/swagger';
import { ATTACK_DOMAINS, type AttackDomain } from '../../catalogue/words/index.js';
import type { CatalogueImportResult } from '../import/catalogue-import.result.js';
import type { UndoneCatalogueImport } from '../undo/catalogue-undo.service.js';

/** Objects of a bundle that were left out for one reason. */
export class SkippedObjectsResponse {
  reason: string;
  @ApiProperty({ type: 'integer' })
  count: number;
  /** At most five ids. */
  examples: string[];
}

/**
 * What an import of an ATT&CK release did. Each technique counts once: `added`, `revoked`, `deprecated`, `changed_major`, `changed_minor`,
 * `changed_metadata_only`, `restamped` and `unchanged` add up to `techniques_total`. Lists of ids name the first 20.
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
  /** Where it came from, such as `upload: enterprise-attack-18.1.json`; organisations other than the operator's see only how. */
  source: string;
  /** The user or API key that imported it; null for the command line and the first start, and for organisations other than the operator's. */
  @ApiProperty({ type: String, format: 'uuid', nullable: true })
  imported_by: string | null;
  @ApiProperty({ format: 'date-time' })
  created_at: string;
  /** Techniques and sub-techniques that were taken in, revoked and deprecated ones included. */
  @ApiProperty({ type: 'integer' })
  techniques_total: number;
  @ApiProperty({ type: 'integer' })
  added: number;
  added_ids: string[];
  /** Their version went from one major number to another. */
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
  /** Nothing but MITRE's stamp of the last change moved; `mitre_last_modified` did not. */
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
  /** In the catalogue but not in this release; they are kept as they are. */
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
   * Replacements that got the status, review, risk, owner and tags of a technique which this release revoked, over all organisations; null for organisations other
   * than the operator's.
   */
  @ApiProperty({ type: 'integer', nullable: true })
  carried_over: number | null;
  duration_seconds: number;
}

/** An import that was made, and whether it stands. */
export class KeptCatalogueImportResponse extends CatalogueImportResponse {
  /** When it was undone; null while it stands. */
  @ApiProperty({ type: String, format: 'date-time', nullable: true })
  undone_at: string | null;
}

/** What undoing an import did. */
export class UndoneImportResponse implements UndoneCatalogueImport {
  @ApiProperty({ format: 'uuid' })
  id: string;
  @ApiProperty({ enum: ATTACK_DOMAINS })
  domain: AttackDomain;
  /** The release that was taken out. */
  attack_version: string;
  /** The release that is loaded now; null where the domain has none any more. */
  @ApiProperty({ type: String, nullable: true })
  loaded_attack_version: string | null;
  @ApiProperty({ format: 'date-time' })
  undone_at: string;
  /** Techniques that are as they were before the import, and were not. */
  @ApiProperty({ type: 'integer' })
  techniques_restored: number;
  /** Techniques that the import had added, and that are gone. */
  @ApiProperty({ type: 'integer' })
  techniques_removed: number;
  /** Techniques that the import had added, and that stay out of force because an organisation has set something of them since. */
  @ApiProperty({ type: 'integer' })
  techniques_kept: number;
  /** Replacements whose posture is as it was before the import carried another's over, over all organisations. */
  @ApiProperty({ type: 'integer' })
  posture_put_back: number;
  /** Replacements that stay as they are, because somebody has changed them since. */
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
