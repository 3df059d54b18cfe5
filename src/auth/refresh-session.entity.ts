import { Column, Entity, ForeignKey, Index, PrimaryColumn, Unique } from 'typeorm';

/**
 * One refresh token of a sign-in, stored as its hash. Its use creates the next token of its family; a second use ends
 * the family.
 */
@Entity('refresh_session')
@ForeignKey('Membership', ['organizationId', 'userId'], ['organizationId', 'userId'], { onDelete: 'CASCADE' })
@Unique(['tokenHash'])
@Index('refresh_session_organization_id_user_id_idx', ['organizationId', 'userId'])
@Index('refresh_session_family_id_idx', ['familyId'])
@Index('refresh_session_expires_at_idx', ['expiresAt'])
export class RefreshSession {
  @PrimaryColumn({ type: 'uuid' })
  id: string;

  @Column({ type: 'uuid' })
  organizationId: string;

  @Column({ type: 'uuid' })
  userId: string;

  @Column({ type: 'uuid' })
  familyId: string;

  @Column({ type: 'text' })
  tokenHash: string;

  @Column({ type: 'timestamptz' })
  createdAt: Date;

  @Column({ type: 'timestamptz' })
  expiresAt: Date;

  @Column({ type: 'timestamptz', nullable: true })
  usedAt: Date | null;

  @Column({ type: 'timestamptz', nullable: true })
  revokedAt: Date | null;
}
