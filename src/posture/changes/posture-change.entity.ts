import { Column, Entity, ForeignKey, Index, PrimaryColumn } from 'typeorm';

/** An organisation whose posture changed and whose rules have not been evaluated since. */
@Entity('posture_change')
@ForeignKey('Organization', ['organizationId'], ['id'], { onDelete: 'CASCADE' })
@Index('posture_change_due_at_idx', ['dueAt'])
export class PostureChange {
  @PrimaryColumn({ type: 'uuid' })
  organizationId: string;

  @Column({ type: 'text', array: true })
  kinds: string[];

  @Column({ type: 'timestamptz' })
  firstChangedAt: Date;

  /** When the rules are evaluated: after the debounce, or after the longest wait. */
  @Column({ type: 'timestamptz' })
  dueAt: Date;
}
