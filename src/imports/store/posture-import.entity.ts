import { Check, Column, Entity, ForeignKey, Index, PrimaryColumn, Unique } from 'typeorm';
import type { PostureFileFormat } from '../observations/observation.js';
import type { PostureImportLists, PostureImportOverview } from './posture-import-summary.js';
import type { OptionValues } from '../presets/preset-options.js';
import type { PresetName } from '../presets/preset.js';

/** As it is stored; a preview that nobody applied in time is shown as expired, and a reading that nobody continues as failed. */
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
  format: PostureFileFormat;

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

  /** What was read from the file; null once the import needs it no more. It may be large: only who applies the import asks for it. */
  @Column({ type: 'jsonb', nullable: true, select: false })
  read: Record<string, unknown> | null;

  /** Null until the file was read. */
  @Column({ type: 'jsonb', nullable: true })
  overview: PostureImportOverview | null;

  /** Null until the file was read. Only who shows one import asks for it. */
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

  /** Where its retention begins: when it was applied, undone or failed, or expires. */
  @Column({ type: 'timestamptz' })
  settledAt: Date;
}
