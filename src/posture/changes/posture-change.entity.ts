import { Column, Entity, ForeignKey, Index, PrimaryColumn } from 'typeorm';

/** That the posture of an organisation changed and has not been evaluated since. */
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

  /** When the change is due to be evaluated: the debounce has passed, or the longest wait has. */
  @Column({ type: 'timestamptz' })
  dueAt: Date;
}
