import { Column, Entity, Index, PrimaryColumn } from 'typeorm';

/** One import of an ATT&CK release into the shared catalogue; the newest of a domain that was not undone tells its release. */
@Entity('catalogue_import')
@Index('catalogue_import_domain_created_at_idx', ['domain', 'createdAt'])
export class CatalogueImport {
  @PrimaryColumn({ type: 'uuid' })
  id: string;

  @Column({ type: 'text' })
  domain: string;

  @Column({ type: 'text' })
  attackVersion: string;

  @Column({ type: 'text', nullable: true })
  previousAttackVersion: string | null;

  @Column({ type: 'text' })
  source: string;

  @Column({ type: 'jsonb' })
  result: Record<string, unknown>;

  @Column({ type: 'uuid', nullable: true })
  importedBy: string | null;

  @Column({ type: 'timestamptz', default: () => 'now()' })
  createdAt: Date;

  /** Null while it stands. One that was undone does not tell the release any more. */
  @Column({ type: 'timestamptz', nullable: true })
  undoneAt: Date | null;

  @Column({ type: 'uuid', nullable: true })
  undoneBy: string | null;
}
