import { Check, Column, Entity, ForeignKey, Index, PrimaryColumn, Unique } from 'typeorm';
import type { PostureFileFormatName } from '../formats/index.js';
import type { PresetName } from '../presets/index.js';
import type { OptionValues } from '../presets/preset-options.js';
import type { PostureImportLists, PostureImportOverview } from './posture-import-summary.js';

/**
 * The stored status. The API shows a preview that was not applied in time as expired, and an interrupted reading as
 * failed.
 */
export type StoredImportStatus = 'parsing' | 'previewed' | 'applied' | 'undone' | 'failed';

/** One import of posture into an organisation: a preview until it is applied. */
@Entity('posture_import')
@ForeignKey('Organization', ['organizationId'], ['id'], { onDelete: 'CASCADE' })
@Unique(['organizationId', 'id'])
@Index('posture_import_newest_idx', ['organizationId', 'createdAt', 'id'])
@Index('posture_import_settled_at_idx', ['settledAt'])
@Index('posture_import_applied_idx', { synchronize: false })
@Index('posture_import_previewed_idx', { synchronize: false })
@Check('posture_import_status_check', `status IN ('parsing', 'previewed', 'applied', 'undone', 'failed')`)
export class PostureImport {
  @PrimaryColumn({ type: 'uuid' })
  id: string;

  @Column({ type: 'uuid' })
  organizationId: string;

  @Column({ type: 'text' })
  status: StoredImportStatus;

  @Column({ type: 'text' })
  format: PostureFileFormatName;

  @Column({ type: 'text' })
  preset: PresetName;

  @Column({ type: 'jsonb' })
  options: OptionValues;

  @Column({ type: 'text', nullable: true })
  fileName: string | null;

  /** SHA-256 of the bytes of the file, in hexadecimal digits. */
  @Column({ type: 'text' })
  contentHash: string;

  /** The same for the same file with the same format, preset and options. */
  @Column({ type: 'text' })
  fingerprint: string;

  @Column({ type: 'integer' })
  byteCount: number;

  @Column({ type: 'integer', default: 0 })
  bytesRead: number;

  /** What was read from the file; null once it is no longer needed. It may be large, so only the applier selects it. */
  @Column({ type: 'jsonb', nullable: true, select: false })
  read: Record<string, unknown> | null;

  /** Null until the file was read. */
  @Column({ type: 'jsonb', nullable: true })
  overview: PostureImportOverview | null;

  /** Null until the file was read. Only the view of one import selects it. */
  @Column({ type: 'jsonb', nullable: true, select: false })
  lists: PostureImportLists | null;

  /** Why reading failed. */
  @Column({ type: 'text', nullable: true })
  failure: string | null;

  /** The user or API key; null for the command line. */
  @Column({ type: 'uuid', nullable: true })
  createdBy: string | null;

  @Column({ type: 'timestamptz' })
  createdAt: Date;

  @Column({ type: 'timestamptz' })
  updatedAt: Date;

  /** Until when a preview can be applied. */
  @Column({ type: 'timestamptz' })
  expiresAt: Date;

  @Column({ type: 'uuid', nullable: true })
  appliedBy: string | null;

  @Column({ type: 'timestamptz', nullable: true })
  appliedAt: Date | null;

  @Column({ type: 'uuid', nullable: true })
  undoneBy: string | null;

  @Column({ type: 'timestamptz', nullable: true })
  undoneAt: Date | null;

  /** The start of its retention: when it was applied, undone or failed, or when it expires. */
  @Column({ type: 'timestamptz' })
  settledAt: Date;
}
