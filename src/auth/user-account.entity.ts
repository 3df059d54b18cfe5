import { Check, Column, Entity, PrimaryColumn, Unique } from 'typeorm';

/** A user, who belongs to organisations through memberships. */
@Entity('user_account')
@Unique(['email'])
@Check('user_account_email_check', 'email = lower(email)')
export class UserAccount {
  @PrimaryColumn({ type: 'uuid' })
  id: string;

  @Column({ type: 'text' })
  email: string;

  @Column({ type: 'text' })
  displayName: string;

  @Column({ type: 'text' })
  passwordHash: string;

  @Column({ type: 'timestamptz', default: () => 'now()' })
  createdAt: Date;

  @Column({ type: 'timestamptz', default: () => 'now()' })
  updatedAt: Date;
}
