import { Column, Entity, ForeignKey, PrimaryColumn } from 'typeorm';
import { CatalogueImport } from './catalogue-import.entity.js';

/** The catalogue of a domain before an import, so that the import can be undone. */
@Entity('catalogue_before_image')
@ForeignKey(() => CatalogueImport, ['importId'], ['id'], { onDelete: 'CASCADE' })
export class CatalogueBeforeImage {
  @PrimaryColumn({ type: 'uuid' })
  importId: string;

  /** Rows of `technique` from before the import. */
  @Column({ type: 'jsonb' })
  techniques: object[];

  /** Rows of `tactic` from before the import. */
  @Column({ type: 'jsonb' })
  tactics: object[];

  /** The techniques that the import added. */
  @Column({ type: 'uuid', array: true })
  addedIds: string[];
}
