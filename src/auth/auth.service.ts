import { Injectable } from '@nestjs/common';
import { isEmail } from 'class-validator';
import { randomBytes } from 'node:crypto';
import type { EntityManager } from 'typeorm';
import { invalidField, notFound } from '../common/errors/index.js';
import { queryRows, Transactions } from '../database/index.js';
import { MembersService } from '../organizations/index.js';
import { Accounts, normalizeEmail } from './accounts.js';
import { PASSWORD_LENGTH, PASSWORD_RULE, PasswordHasher } from './password-hasher.js';
import { RefreshSessionsService } from './refresh-sessions.service.js';

/** 18 bytes are 24 characters of base64url: 144 bits. */
const GENERATED_PASSWORD_BYTES = 18;

export interface FirstAdmin {
  /** The first admin; when there was one already, the admin who has been there longest. */
  email: string;
  /** The password that was made up, to be shown once; null when it was given, or the person has one already. */
  password: string | null;
  created: boolean;
}

/** Ways in that need no signed-in admin: the first person of an organisation, and who has lost a password. */
@Injectable()
export class AuthService {
  constructor(
    private readonly accounts: Accounts,
    private readonly members: MembersService,
    private readonly hasher: PasswordHasher,
    private readonly sessions: RefreshSessionsService,
    private readonly transactions: Transactions,
  ) {}

  /**
   * Does nothing for an organisation that has a member. Two who call this at once for one organisation take turns, so that one of them creates. A person
   * with an account already, from another organisation, becomes the admin with the password they have.
   * @param input without a password, a random one is made up.
   * @throws DomainError `invalid_input` naming `email` or `password`.
   */
  async createFirstAdmin(
    manager: EntityManager,
    organizationId: string,
    input: { email: string; password?: string },
  ): Promise<FirstAdmin> {
    const email = normalizeEmail(input.email);
    if (!isEmail(email)) throw invalidField('email', 'must be an e-mail address');
    const { length } = input.password ?? ' '.repeat(PASSWORD_LENGTH.min);
    if (length < PASSWORD_LENGTH.min || length > PASSWORD_LENGTH.max) throw invalidField('password', PASSWORD_RULE);

    if (await this.members.hasMembers(manager, organizationId)) {
      return { email: (await this.oldestAdmin(manager, organizationId)) ?? email, password: null, created: false };
    }
    const password = input.password ?? generatePassword();
    const passwordHash = await this.hasher.hash(password);
    const account = await this.accounts.findOrCreate(manager, { email, displayName: 'Administrator', passwordHash });
    await this.members.add(manager, organizationId, account.id, 'admin');
    return { email, password: account.created && input.password === undefined ? password : null, created: true };
  }

  /**
   * Gives a person a new random password and ends their sessions. For whoever may run commands on the deployment: no HTTP route leads here.
   * @returns the password, to be shown once.
   * @throws DomainError `not_found`.
   */
  async resetPassword(email: string): Promise<string> {
    const password = generatePassword();
    const passwordHash = await this.hasher.hash(password);
    await this.transactions.run(async (manager) => {
      const account = await this.accounts.findByEmail(normalizeEmail(email));
      if (!account) throw notFound('user', email);
      await this.accounts.lock(manager, account.id);
      await this.accounts.setPassword(manager, account.id, passwordHash);
      await this.sessions.endOthers(manager, account.id, undefined);
    });
    return password;
  }

  private async oldestAdmin(manager: EntityManager, organizationId: string): Promise<string | undefined> {
    const [admin] = await queryRows<{ email: string }>(
      manager,
      `SELECT u.email FROM membership m JOIN user_account u ON u.id = m.user_id
       WHERE m.organization_id = $1 AND m.role = 'admin' AND m.is_active
       ORDER BY m.created_at, m.user_id LIMIT 1`,
      [organizationId],
    );
    return admin?.email;
  }
}

function generatePassword(): string {
  return randomBytes(GENERATED_PASSWORD_BYTES).toString('base64url');
}
