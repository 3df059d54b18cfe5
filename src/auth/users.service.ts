import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import type { Role } from '../common/access/index.js';
import { conflict, notFound } from '../common/errors/index.js';
import { isUuid } from '../common/ids.js';
import { encodeCursor, type Page, type PageRequest } from '../common/pagination/index.js';
import { queryRows, Transactions } from '../database/index.js';
import { MembersService, type MembershipChanges } from '../organizations/index.js';
import { Accounts, normalizeEmail } from './accounts.js';
import { PasswordHasher } from './password-hasher.js';
import { RefreshSessionsService } from './refresh-sessions.service.js';

/** A member of an organisation: the person and what they may do there. */
export interface UserFacts {
  id: string;
  email: string;
  displayName: string;
  role: Role;
  isActive: boolean;
  /** When they became a member. */
  createdAt: Date;
}

export interface NewUser {
  email: string;
  displayName: string;
  role: Role;
  password: string;
}

const SELECT_USERS = `
  SELECT u.id, u.email, u.display_name AS "displayName", m.role, m.is_active AS "isActive", m.created_at AS "createdAt"
  FROM membership m JOIN user_account u ON u.id = m.user_id
  WHERE m.organization_id = $1`;

/** The people of one organisation. */
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

  /** Those who joined first come first. */
  async list(organizationId: string, page: PageRequest): Promise<Page<UserFacts>> {
    const [counted] = await queryRows<{ total: number }>(
      this.dataSource,
      'SELECT count(*)::int AS total FROM membership WHERE organization_id = $1',
      [organizationId],
    );
    const items = await queryRows<UserFacts>(
      this.dataSource,
      `${SELECT_USERS} AND ($2::timestamptz IS NULL OR (m.created_at, m.user_id) > ($2::timestamptz, $3::uuid))
       ORDER BY m.created_at, m.user_id LIMIT $4 OFFSET $5`,
      [organizationId, page.cursor?.key ?? null, page.cursor?.id ?? null, page.limit, page.offset ?? 0],
    );
    const last = items.length === page.limit ? items.at(-1) : undefined;
    return {
      items,
      total: counted?.total ?? 0,
      nextCursor: last ? encodeCursor({ key: last.createdAt.toISOString(), id: last.id }) : null,
    };
  }

  /** @throws DomainError `not_found`, for somebody of another organisation too. */
  async get(organizationId: string, id: string): Promise<UserFacts> {
    const [user] = isUuid(id)
      ? await queryRows<UserFacts>(this.dataSource, `${SELECT_USERS} AND m.user_id = $2`, [organizationId, id])
      : [];
    if (!user) throw notFound('user', id);
    return user;
  }

  /**
   * Makes somebody a member, and makes them an account when they have none. A person who has one, from another organisation, keeps its name and password:
   * neither is this organisation's to change. The answer is made from what was asked and takes as long in both cases, so that it does not tell which it was.
   * @throws DomainError `conflict` naming `email` when they are a member already.
   */
  async create(organizationId: string, input: NewUser): Promise<UserFacts> {
    const { displayName, role } = input;
    const email = normalizeEmail(input.email);
    const passwordHash = await this.hasher.hash(input.password);
    return this.transactions.run(async (manager) => {
      const { id } = await this.accounts.findOrCreate(manager, { email, displayName, passwordHash });
      const membership = await this.members.add(manager, organizationId, id, role);
      if (!membership) {
        throw conflict(
          `${email} is a member of this organisation already; change the role or activate them with PATCH`,
          [{ field: 'email', message: 'is that of a member of this organisation already' }],
        );
      }
      return { id, email, displayName, role, isActive: true, createdAt: membership.createdAt };
    });
  }

  /**
   * Counts from the person's next request on. Who is deactivated must sign in anew after they are activated again.
   * @throws DomainError `not_found`, or `conflict` when the organisation would be left without an active admin.
   */
  async change(organizationId: string, id: string, changes: MembershipChanges): Promise<UserFacts> {
    await this.transactions.run(async (manager) => {
      const { userId, isActive } = await this.members.change(manager, organizationId, id, changes);
      if (!isActive) await this.sessions.endMembership(manager, organizationId, userId);
    });
    return this.get(organizationId, id);
  }
}
