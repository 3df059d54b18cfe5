import { Column, Entity, Index, PrimaryColumn, Unique } from 'typeorm';

/** A tenant of the deployment. No organisation sees data of another. */
@Entity('organization')
@Index('organization_is_default_idx', ['isDefault'], { unique: true, where: 'is_default' })
@Unique(['slug'])
export class Organization {
  @PrimaryColumn({ type: 'uuid' })
  id: string;

  @Column({ type: 'text' })
  slug: string;

  @Column({ type: 'text' })
  name: string;

  /** The operator's own organisation, created at the first start. */
  @Column({ type: 'boolean', default: false })
  isDefault: boolean;

  @Column({ type: 'boolean', default: false })
  isDemo: boolean;

  @Column({ type: 'timestamptz', default: () => 'now()' })
  createdAt: Date;
}
