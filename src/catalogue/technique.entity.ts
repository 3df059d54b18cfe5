import { Check, Column, Entity, Index, PrimaryColumn } from 'typeorm';
import type { LastChangeKind } from './last-change-kind.js';

/**
 * An ATT&CK technique or sub-technique, from the catalogue that all organisations share. Its id is the uuid of its STIX
 * id.
 */
@Entity('technique')
@Index('technique_attack_id_idx', ['attackId'])
@Index('technique_domain_idx', ['domain'])
@Check(
  'technique_last_change_kind_check',
  `last_change_kind IN ('added', 'major', 'minor', 'metadata', 'revoked', 'deprecated')`,
)
@Check('technique_in_force_check', 'in_force = NOT (is_revoked OR is_deprecated)')
export class Technique {
  @PrimaryColumn({ type: 'uuid' })
  id: string;

  @Column({ type: 'text' })
  attackId: string;

  @Column({ type: 'text' })
  name: string;

  @Column({ type: 'text' })
  domain: string;

  @Column({ type: 'boolean' })
  isSubtechnique: boolean;

  @Column({ type: 'uuid', nullable: true })
  parentId: string | null;

  @Column({ type: 'text', array: true })
  tactics: string[];

  @Column({ type: 'text', array: true })
  platforms: string[];

  @Column({ type: 'text', nullable: true })
  techniqueVersion: string | null;

  /** The ATT&CK release that this row was last read from. */
  @Column({ type: 'text' })
  attackVersion: string;

  @Column({ type: 'timestamptz' })
  mitreCreated: Date;

  /** MITRE's timestamp of the last change of content. A release that changes only the timestamp does not move it. */
  @Column({ type: 'timestamptz' })
  mitreLastModified: Date;

  /** MITRE's timestamp of the last change, as published. */
  @Column({ type: 'timestamptz' })
  mitreModifiedRaw: Date;

  @Column({ type: 'text' })
  contentHash: string;

  @Column({ type: 'boolean' })
  isRevoked: boolean;

  @Column({ type: 'boolean' })
  isDeprecated: boolean;

  @Column({ type: 'boolean' })
  inForce: boolean;

  @Column({ type: 'uuid', nullable: true })
  revokedById: string | null;

  /** The technique in force at the end of the chain of `revoked-by`. */
  @Column({ type: 'uuid', nullable: true })
  replacedById: string | null;

  /** How the last release with a change changed it; null if none has since it was added. */
  @Column({ type: 'text', nullable: true })
  lastChangeKind: LastChangeKind | null;

  /** That release, such as `18.1`. */
  @Column({ type: 'text', nullable: true })
  lastChangeRelease: string | null;

  @Column({ type: 'timestamptz', default: () => 'now()' })
  createdAt: Date;

  @Column({ type: 'timestamptz', default: () => 'now()' })
  updatedAt: Date;
}
