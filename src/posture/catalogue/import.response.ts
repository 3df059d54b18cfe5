import { ApiProperty } from '@nestjs/swagger';
import type { CatalogueImportResult } from './catalogue-import.result.js';
import { ATTACK_DOMAINS, type AttackDomain } from './stix/catalogue-slice.js';

/** Objects of a bundle that were left out for one reason. */
export class SkippedObjectsResponse {
  reason: string;
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
  techniques_total: number;
  added: number;
  added_ids: string[];
  /** Their version went from one major number to another. */
  changed_major: number;
  changed_major_ids: string[];
  changed_minor: number;
  changed_minor_ids: string[];
  /** Content or another fact changed without a change of version. */
  changed_metadata_only: number;
  changed_metadata_only_ids: string[];
  /** Nothing but MITRE's stamp of the last change moved; `mitre_last_modified` did not. */
  restamped: number;
  /** Revoked since the release before. */
  revoked: number;
  revoked_ids: string[];
  /** Deprecated since the release before. */
  deprecated: number;
  deprecated_ids: string[];
  unchanged: number;
  /** In the catalogue but not in this release; they are kept as they are. */
  missing: number;
  missing_ids: string[];
  /** Objects of the bundle that could not be used. */
  skipped: number;
  skipped_reasons: SkippedObjectsResponse[];
  tactics_total: number;
  tactics_added: number;
  tactics_changed: number;
  duration_seconds: number;
}

export class CatalogueImportListResponse {
  items: CatalogueImportResponse[];
  /** How many imports there are, on all pages. */
  total: number;
  @ApiProperty({ type: String, nullable: true })
  next_cursor: string | null;
}
