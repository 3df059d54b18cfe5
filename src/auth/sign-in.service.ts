import { Injectable } from '@nestjs/common';
import type { Principal } from '../common/access/index.js';
import { forbidden, invalidField, unauthenticated } from '../common/errors/index.js';
import { Transactions } from '../database/index.js';
import {
  MembersService,
  OrganizationsService,
  type ActiveMembership,
  type OrganizationFacts,
} from '../organizations/index.js';
import { Accounts, normalizeEmail } from './accounts.js';
import { PasswordHasher } from './password-hasher.js';
import { RefreshSessionsService, type RefreshGrant } from './refresh-sessions.service.js';
import type { UserAccount } from './user-account.entity.js';

/** A signed-in user, the organisation they work in, and the refresh token. */
export interface SignIn {
  user: Pick<UserAccount, 'id' | 'email' | 'displayName'>;
  organization: Pick<OrganizationFacts, 'id' | 'name'>;
  refreshToken: string;
}

/** One message for every failed sign-in, so that it does not reveal which e-mail addresses have accounts. */
const REFUSAL = 'the e-mail address or the password is wrong, or the account has no access';

@Injectable()
export class SignInService {
  constructor(
    private readonly transactions: Transactions,
    private readonly accounts: Accounts,
    private readonly members: MembersService,
    private readonly organizations: OrganizationsService,
    private readonly hasher: PasswordHasher,
    private readonly sessions: RefreshSessionsService,
  ) {}

  /**
   * @param organizationId the organisation to work in; left out, the one that the user joined first.
   * @throws DomainError `unauthenticated`.
   */
  async signIn(email: string, password: string, organizationId?: string): Promise<SignIn> {
    const account = await this.accounts.findByEmail(normalizeEmail(email));
    const isRight = await this.hasher.verify(password, account?.passwordHash ?? null);
    if (!account || !isRight) throw unauthenticated(REFUSAL);
    return this.transactions.run(async (manager) => {
      const locked = await this.accounts.lock(manager, { id: account.id });
      const isStillRight = locked?.passwordHash === account.passwordHash;
      const memberships = await this.members.activeMemberships(account.id, manager);
      const chosen = memberships.find(
        (membership) => organizationId === undefined || membership.organizationId === organizationId,
      );
      if (!isStillRight || !chosen) throw unauthenticated(REFUSAL);
      const { token } = await this.sessions.start(manager, account.id, chosen.organizationId);
      return {
        user: account,
        organization: { id: chosen.organizationId, name: chosen.organizationName },
        refreshToken: token,
      };
    });
  }

  /** @throws DomainError `unauthenticated`, or `not_found` if the user is not a member of the organisation. */
  async refresh(token: string | undefined, organizationId?: string): Promise<SignIn> {
    const grant = token ? await this.sessions.rotate(token, organizationId) : undefined;
    if (!grant) throw unauthenticated('the session has ended: sign in again');
    return this.describe(grant);
  }

  async signOut(token: string | undefined): Promise<void> {
    if (token) await this.sessions.end(token);
  }

  /**
   * The user's other browsers must sign in again.
   * @param refreshToken of the browser that stays signed in.
   * @throws DomainError `invalid_input` on `current_password`.
   */
  async changePassword(
    principal: Principal,
    current: string,
    newPassword: string,
    refreshToken: string | undefined,
  ): Promise<void> {
    const { userId } = principal;
    if (!userId) throw forbidden('an API key has no password; sign in as a user');
    const account = await this.accounts.find(userId);
    const wrongPassword = invalidField('current_password', 'is not your password');
    if (!(await this.hasher.verify(current, account?.passwordHash ?? null))) throw wrongPassword;
    const passwordHash = await this.hasher.hash(newPassword);
    await this.transactions.run(async (manager) => {
      const locked = await this.accounts.lock(manager, { id: userId });
      if (locked?.passwordHash !== account?.passwordHash) throw wrongPassword;
      await this.accounts.setPassword(manager, userId, passwordHash);
      await this.sessions.endOthers(manager, userId, refreshToken);
    });
  }

  /** The caller: a user with all their organisations, or null for an API key. */
  async whoAmI(principal: Principal): Promise<{
    user: SignIn['user'] | null;
    organization: OrganizationFacts;
    memberships: ActiveMembership[];
  }> {
    const organization = await this.organizations.get(principal.organizationId);
    if (!principal.userId) return { user: null, organization, memberships: [] };
    const [user, memberships] = await Promise.all([
      this.accounts.find(principal.userId),
      this.members.activeMemberships(principal.userId),
    ]);
    return { user, organization, memberships };
  }

  private async describe(grant: RefreshGrant): Promise<SignIn> {
    const [user, organization] = await Promise.all([
      this.accounts.find(grant.userId),
      this.organizations.get(grant.organizationId),
    ]);
    if (!user) throw unauthenticated('the session has ended: sign in again');
    return { user, organization, refreshToken: grant.token };
  }
}
