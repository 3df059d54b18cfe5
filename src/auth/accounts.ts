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

/** One spelling of an e-mail address, so that a person is known by it however it is typed. */
export function normalizeEmail(email: string): string {
  return email.trim().toLowerCase();
}

/** People, apart from what they may do. E-mail addresses are taken normalised. */
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

  /** @returns the new id, or undefined when the address has an account already, which then stays as it is. */
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
   * Makes whoever signs the person in, on or out take turns until the transaction ends: a sign-in, a refresh, a change of password, a deactivation. So
   * none of them leaves behind a refresh token that another has just ended without seeing it.
   */
  async lock(manager: EntityManager, which: { id: string } | { email: string }): Promise<UserAccount | undefined> {
    const account = await manager.findOne(UserAccount, { where: which, lock: { mode: 'for_no_key_update' } });
    return account ?? undefined;
  }
}
