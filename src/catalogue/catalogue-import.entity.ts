import { Column, Entity, Index, PrimaryColumn } from 'typeorm';

/**
 * An import of an ATT&CK release into the shared catalogue. The newest import of a domain that is not undone gives its
 * loaded release.
 */
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

  /** Null unless the import was undone. */
  @Column({ type: 'timestamptz', nullable: true })
  undoneAt: Date | null;

  @Column({ type: 'uuid', nullable: true })
  undoneBy: string | null;
}
