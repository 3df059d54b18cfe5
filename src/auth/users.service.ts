import { Injectable } from '@nestjs/common';
import { DataSource, type EntityManager } from 'typeorm';
import type { Role } from '../common/access/index.js';
import { conflict, notFound, type DomainError } from '../common/errors/index.js';
import { isUuid } from '../common/ids.js';
import type { Page, PageRequest } from '../common/pagination/index.js';
import { queryRows, sqlPage, Transactions } from '../database/index.js';
import { MembersService, type MembershipChanges } from '../organizations/index.js';
import { Accounts, normalizeEmail } from './accounts.js';
import { PasswordHasher } from './password-hasher.js';
import { RefreshSessionsService } from './refresh-sessions.service.js';

/** A member of an organisation: the user and their role. */
export interface UserFacts {
  id: string;
  email: string;
  displayName: string;
  role: Role;
  isActive: boolean;
  /** When the user became a member. */
  createdAt: Date;
}

export interface NewUser {
  email: string;
  displayName: string;
  role: Role;
  password: string;
}

const ADDRESS_IN_USE =
  'already has an account: choose another address, or ask the operator to add the user with `vedette user add`';

const SELECT_USERS = `
  SELECT u.id, u.email, u.display_name AS "displayName", m.role, m.is_active AS "isActive", m.created_at AS "createdAt"
  FROM membership m JOIN user_account u ON u.id = m.user_id
  WHERE m.organization_id = $1`;

/** The members of one organisation. */
@Injectable()
export class UsersService {
  constructor(
    private readonly dataSource: DataSource,
    private readonly transactions: Transactions,
    private readonly accounts: Accounts,
    private readonly members: MembersService,
    private readonly sessions: RefreshSessionsService,
    private readonly hasher: PasswordHasher,
  ) {}

  /** In the order in which they joined. */
  list(organizationId: string, page: PageRequest): Promise<Page<UserFacts>> {
    return sqlPage<UserFacts>(
      this.dataSource,
      {
        counted: 'membership WHERE organization_id = $1',
        selected: SELECT_USERS,
        parameters: [organizationId],
        keys: [
          ['m.created_at', 'timestamptz'],
          ['m.user_id', 'uuid'],
        ],
        direction: 'ASC',
        cursorOf: ({ createdAt, id }) => ({ key: createdAt.toISOString(), id }),
      },
      page,
    );
  }

  /** @throws DomainError `not_found`, also for a user of another organisation. */
  async get(organizationId: string, id: string): Promise<UserFacts> {
    const [user] = isUuid(id)
      ? await queryRows<UserFacts>(this.dataSource, `${SELECT_USERS} AND m.user_id = $2`, [organizationId, id])
      : [];
    if (!user) throw notFound('user', id);
    return user;
  }

  /**
   * Creates an account and its membership. An existing account is refused, because another organisation chose its
   * password.
   * @throws DomainError `conflict` on `email` if the address already has an account, in this or another organisation.
   */
  async create(organizationId: string, input: NewUser): Promise<UserFacts> {
    const { displayName, role } = input;
    const email = normalizeEmail(input.email);
    const passwordHash = await this.hasher.hash(input.password);
    return this.transactions.run(async (manager) => {
      const id = await this.accounts.create(manager, { email, displayName, passwordHash });
      const membership = id && (await this.members.add(manager, organizationId, id, role));
      if (!membership) throw await this.addressInUse(manager, organizationId, email);
      return { id, email, displayName, role, isActive: true, createdAt: membership.createdAt };
    });
  }

  /**
   * Takes effect at the user's next request. A deactivated user must sign in again after being activated.
   * @throws DomainError `not_found`, or `conflict` if the organisation would have no active admin.
   */
  async change(organizationId: string, id: string, changes: MembershipChanges): Promise<UserFacts> {
    await this.transactions.run(async (manager) => {
      const { userId, isActive } = await this.members.change(manager, organizationId, id, changes);
      if (!isActive) await this.sessions.endMembership(manager, organizationId, userId);
    });
    return this.get(organizationId, id);
  }

  private async addressInUse(manager: EntityManager, organizationId: string, email: string): Promise<DomainError> {
    const isMember = await queryRows(manager, `${SELECT_USERS} AND u.email = $2`, [organizationId, email]);
    if (isMember.length > 0) {
      return conflict(
        `${email} is already a member of this organisation; change the role or activate the user with PATCH`,
        [{ field: 'email', message: 'already belongs to a member of this organisation' }],
      );
    }
    return conflict(`${email} ${ADDRESS_IN_USE}`, [{ field: 'email', message: ADDRESS_IN_USE }]);
  }
}
