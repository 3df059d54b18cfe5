import { Column, Entity, PrimaryColumn } from 'typeorm';

/** The newest slot of a schedule that some replica has taken: a slot is taken once, whatever the number of replicas. */
@Entity('scheduled_slot')
export class ScheduledSlot {
  @PrimaryColumn({ type: 'text' })
  name: string;

  @Column({ type: 'timestamptz' })
  slot: Date;

  @Column({ type: 'timestamptz' })
  claimedAt: Date;
}
