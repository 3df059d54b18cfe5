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
  'has an account already: choose another address, or pass --link-existing, which makes that person the admin with a new password';

export interface NewFirstAdmin {
  email: string;
  /** Left out: a random one is made up. */
  password?: string;
  /**
   * Whether somebody who has an account already, from another organisation, may become the admin. The account then gets the password of this call and its
   * sessions end, because whoever made it may know the password so far.
   */
  linkExisting?: boolean;
}

export interface FirstAdmin {
  /** The first admin; when there was one already, the admin who has been there longest. */
  email: string;
  /** The password that was made up, to be shown once; null when it was given, or there was an admin already. */
  password: string | null;
  created: boolean;
}

/** Ways in that need no signed-in admin: the first person of an organisation, one who joins a further organisation, and who has lost a password. */
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
   * Does nothing for an organisation that has a member. Two who call this at once for one organisation take turns, so that one of them creates.
   * @throws DomainError `invalid_input` naming `email` or `password`, or `conflict` naming `email` when the address has an account already and
   * `linkExisting` is not set.
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
   * Makes a person who has an account a member of a further organisation, gives them a new random password and ends their sessions: whoever made the
   * account for another organisation may know the password so far, and must not get in here with it. For whoever may run commands on the deployment: no
   * HTTP route leads here.
   * @returns the password, to be shown once.
   * @throws DomainError `not_found` when the address has no account, or `conflict` when they are a member already; either changes nothing.
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
      if (!(await this.members.add(manager, organizationId, id, member.role)))
        throw conflict(`${email} is a member of this organisation already`);
    });
    return password;
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
      const id = await this.replacePassword(manager, normalizeEmail(email), passwordHash);
      if (!id) throw notFound('user', email);
    });
    return password;
  }

  /** @returns the id of the account, all of whose sessions have ended, or undefined when the address has none. */
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
