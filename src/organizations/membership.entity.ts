import { Check, Column, Entity, ForeignKey, Index, PrimaryColumn } from 'typeorm';
import type { Role } from '../common/access/index.js';
import { Organization } from './organization.entity.js';

/** The role of a user in one organisation. */
@Entity('membership')
@ForeignKey(() => Organization, ['organizationId'], ['id'], { onDelete: 'CASCADE' })
@ForeignKey('UserAccount', ['userId'], ['id'], { onDelete: 'CASCADE' })
@Index('membership_user_id_idx', ['userId'])
@Check('membership_role_check', `role IN ('admin', 'red_lead', 'blue_lead', 'analyst', 'viewer')`)
export class Membership {
  @PrimaryColumn({ type: 'uuid' })
  organizationId: string;

  @PrimaryColumn({ type: 'uuid' })
  userId: string;

  @Column({ type: 'text' })
  role: Role;

  @Column({ type: 'boolean', default: true })
  isActive: boolean;

  @Column({ type: 'timestamptz', default: () => 'now()' })
  createdAt: Date;

  @Column({ type: 'timestamptz', default: () => 'now()' })
  updatedAt: Date;
}
