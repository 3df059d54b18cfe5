import { Injectable } from '@nestjs/common';
import { isEmail } from 'class-validator';
import { randomBytes } from 'node:crypto';
import type { EntityManager } from 'typeorm';
import type { Role } from '../common/access/index.js';
import { conflict, DomainError, invalidField, notFound } from '../common/errors/index.js';
import { queryRows, Transactions } from '../database/index.js';
import { MembersService } from '../organizations/index.js';
import { Accounts, normalizeEmail } from './accounts.js';
import { PASSWORD_LENGTH, PASSWORD_RULE, PasswordHasher } from './password-hasher.js';
import { RefreshSessionsService } from './refresh-sessions.service.js';

/** 18 bytes are 24 characters of base64url: 144 bits. */
const GENERATED_PASSWORD_BYTES = 18;

const ACCOUNT_EXISTS =
  'already has an account: choose another address, or pass --link-existing, which makes that user the admin with a new password';

export interface NewFirstAdmin {
  email: string;
  /** Left out: a random password is generated. */
  password?: string;
  /**
   * Whether an existing account of another organisation may become the admin. It gets the password of this call and its
   * sessions end, because the creator of the account may know its old password.
   */
  linkExisting?: boolean;
}

export interface FirstAdmin {
  /** The address of the first admin, or of the admin who joined first if there already was one. */
  email: string;
  /** The generated password, to show once; null if a password was given or an admin already existed. */
  password: string | null;
  created: boolean;
}

/**
 * Account operations that need no signed-in admin: the first admin of an organisation, a member of a further
 * organisation, and a lost password.
 */
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
   * Does nothing if the organisation has a member. Concurrent calls for one organisation take turns, so only one
   * creates an admin.
   * @throws DomainError `invalid_input` on `email` or `password`; `conflict` on `email` if the address already has an
   * account and `linkExisting` is not set.
   */
  async createFirstAdmin(manager: EntityManager, organizationId: string, input: NewFirstAdmin): Promise<FirstAdmin> {
    const email = normalizeEmail(input.email);
    if (!isEmail(email)) throw invalidField('email', 'must be an e-mail address');
    const { length } = input.password ?? ' '.repeat(PASSWORD_LENGTH.min);
    if (length < PASSWORD_LENGTH.min || length > PASSWORD_LENGTH.max) throw invalidField('password', PASSWORD_RULE);

    if (await this.members.hasMembers(manager, organizationId)) {
      return { email: (await this.oldestAdmin(manager, organizationId)) ?? email, password: null, created: false };
    }
    const password = input.password ?? generatePassword();
    const passwordHash = await this.hasher.hash(password);
    let id = await this.accounts.create(manager, { email, displayName: 'Administrator', passwordHash });
    if (!id && input.linkExisting) id = await this.replacePassword(manager, email, passwordHash);
    if (!id) throw conflict(`${email} ${ACCOUNT_EXISTS}`, [{ field: 'email', message: ACCOUNT_EXISTS }]);
    await this.members.add(manager, organizationId, id, 'admin');
    return { email, password: input.password === undefined ? password : null, created: true };
  }

  /**
   * Makes the owner of an existing account a member of a further organisation, with a new random password, and ends
   * their sessions: the creator of the account may know its old password. Only the command line uses this; no HTTP
   * route does.
   * @returns the password, to show once.
   * @throws DomainError `not_found` if the address has no account, `conflict` if it is a member already; neither
   * changes anything.
   */
  async addMember(organizationId: string, member: { email: string; role: Role }): Promise<string> {
    const email = normalizeEmail(member.email);
    const password = generatePassword();
    const passwordHash = await this.hasher.hash(password);
    await this.transactions.run(async (manager) => {
      const id = await this.replacePassword(manager, email, passwordHash);
      if (!id) {
        throw new DomainError(
          'not_found',
          `there is no user ${email}: create the user in one of the organisations first`,
        );
      }
      if (!(await this.members.add(manager, organizationId, id, member.role))) {
        throw conflict(`${email} is already a member of this organisation`);
      }
    });
    return password;
  }

  /**
   * Sets a new random password and ends the sessions of the account. Only the command line uses this; no HTTP route
   * does.
   * @returns the password, to show once.
   * @throws DomainError `not_found`.
   */
  async resetPassword(email: string): Promise<string> {
    const password = generatePassword();
    const passwordHash = await this.hasher.hash(password);
    await this.transactions.run(async (manager) => {
      const id = await this.replacePassword(manager, normalizeEmail(email), passwordHash);
      if (!id) throw notFound('user', email);
    });
    return password;
  }

  /** @returns the id of the account after all its sessions were ended, or undefined if the address has no account. */
  private async replacePassword(
    manager: EntityManager,
    email: string,
    passwordHash: string,
  ): Promise<string | undefined> {
    const account = await this.accounts.lock(manager, { email });
    if (!account) return undefined;
    await this.accounts.setPassword(manager, account.id, passwordHash);
    await this.sessions.endOthers(manager, account.id, undefined);
    return account.id;
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
