import { Check, Column, Entity, ForeignKey, PrimaryColumn } from 'typeorm';
import type { Rollup } from '../roll-up/roll-up.js';
import type { SnapshotScope } from '../snapshot-facts.js';

/** How an organisation's snapshots are counted. Without a row, everything in scope counts, with the roll-up `flat`. */
@Entity('snapshot_policy')
@ForeignKey('Organization', ['organizationId'], ['id'], { onDelete: 'CASCADE' })
@Check('snapshot_policy_rollup_check', `rollup IN ('flat', 'leaf', 'parent_mean', 'parent_any')`)
export class SnapshotPolicy {
  @PrimaryColumn({ type: 'uuid' })
  organizationId: string;

  @Column({ type: 'text', default: 'flat' })
  rollup: Rollup;

  @Column({ type: 'jsonb', nullable: true })
  scope: SnapshotScope | null;

  @Column({ type: 'timestamptz', default: () => 'now()' })
  updatedAt: Date;

  @Column({ type: 'uuid', nullable: true })
  updatedBy: string | null;
}
