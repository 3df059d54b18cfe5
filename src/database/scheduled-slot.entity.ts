import { Column, Entity, PrimaryColumn } from 'typeorm';

/** The newest taken slot of a schedule. Each slot is taken once, by any replica. */
@Entity('scheduled_slot')
export class ScheduledSlot {
  @PrimaryColumn({ type: 'text' })
  name: string;

  @Column({ type: 'timestamptz' })
  slot: Date;

  @Column({ type: 'timestamptz' })
  claimedAt: Date;
}
