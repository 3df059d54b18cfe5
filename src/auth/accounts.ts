import { Injectable } from '@nestjs/common';
import { DataSource, type EntityManager } from 'typeorm';
import { Clock } from '../common/clock.js';
import { newId } from '../common/ids.js';
import { queryRows } from '../database/index.js';
import { UserAccount } from './user-account.entity.js';

export interface NewAccount {
  email: string;
  displayName: string;
  passwordHash: string;
}

/** Gives an e-mail address one spelling, so that it identifies its account however it is typed. */
export function normalizeEmail(email: string): string {
  return email.trim().toLowerCase();
}

/** User accounts, without their roles. All e-mail addresses must be normalised. */
@Injectable()
export class Accounts {
  constructor(
    private readonly dataSource: DataSource,
    private readonly clock: Clock,
  ) {}

  find(id: string): Promise<UserAccount | null> {
    return this.dataSource.getRepository(UserAccount).findOneBy({ id });
  }

  findByEmail(email: string): Promise<UserAccount | null> {
    return this.dataSource.getRepository(UserAccount).findOneBy({ email });
  }

  /** @returns the new id, or undefined if the address already has an account, which stays unchanged. */
  async create(manager: EntityManager, account: NewAccount): Promise<string | undefined> {
    const [created] = await queryRows<{ id: string }>(
      manager,
      `INSERT INTO user_account (id, email, display_name, password_hash, created_at, updated_at) VALUES ($1, $2, $3, $4, $5, $5)
       ON CONFLICT (email) DO NOTHING RETURNING id`,
      [newId(), account.email, account.displayName, account.passwordHash, this.clock.now()],
    );
    return created?.id;
  }

  async setPassword(manager: EntityManager, id: string, passwordHash: string): Promise<void> {
    await manager.update(UserAccount, { id }, { passwordHash, updatedAt: this.clock.now() });
  }

  /**
   * Locks the account until the transaction ends, so that sign-in, refresh, change of password and deactivation take
   * turns. Otherwise a sign-in could issue a refresh token just after a deactivation has ended all tokens.
   */
  async lock(manager: EntityManager, which: { id: string } | { email: string }): Promise<UserAccount | undefined> {
    const account = await manager.findOne(UserAccount, { where: which, lock: { mode: 'for_no_key_update' } });
    return account ?? undefined;
  }
}
