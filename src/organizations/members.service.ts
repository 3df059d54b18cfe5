import { Injectable } from '@nestjs/common';
import { DataSource, type EntityManager } from 'typeorm';
import type { Role } from '../common/access/index.js';
import { Clock } from '../common/clock.js';
import { conflict, notFound } from '../common/errors/index.js';
import { isUuid } from '../common/ids.js';
import { SharedReads } from '../common/shared-reads.js';
import { queryRows } from '../database/index.js';
import { Membership } from './membership.entity.js';

/** The membership of a user in one organisation. */
export interface MembershipFacts {
  organizationId: string;
  userId: string;
  role: Role;
  isActive: boolean;
  createdAt: Date;
}

/** An organisation in which a user may work. */
export interface ActiveMembership {
  organizationId: string;
  organizationName: string;
  isDemo: boolean;
  role: Role;
}

/** A property that is left out stays unchanged. */
export interface MembershipChanges {
  role?: Role;
  isActive?: boolean;
}

/** The members of organisations and their roles. */
@Injectable()
export class MembersService {
  private readonly roles = new SharedReads<Role | undefined>();

  constructor(
    private readonly dataSource: DataSource,
    private readonly clock: Clock,
  ) {}

  /**
   * The role of an active member; undefined for anyone else. Every request calls this: it reads one row by its primary
   * key, and concurrent requests of one member share the read.
   */
  activeRole(organizationId: string, userId: string): Promise<Role | undefined> {
    return this.roles.read(`${organizationId} ${userId}`, async () => {
      const [row] = await queryRows<{ role: Role }>(
        this.dataSource,
        'SELECT role FROM membership WHERE organization_id = $1 AND user_id = $2 AND is_active',
        [organizationId, userId],
      );
      return row?.role;
    });
  }

  /** The organisations in which a user may work, the first joined first. */
  async activeMemberships(
    userId: string,
    manager: EntityManager = this.dataSource.manager,
  ): Promise<ActiveMembership[]> {
    return queryRows<ActiveMembership>(
      manager,
      `SELECT m.organization_id AS "organizationId", o.name AS "organizationName", o.is_demo AS "isDemo", m.role
       FROM membership m JOIN organization o ON o.id = m.organization_id
       WHERE m.user_id = $1 AND m.is_active
       ORDER BY m.created_at, m.organization_id`,
      [userId],
    );
  }

  /** @returns undefined, without a change, if the user is a member already, active or not. */
  async add(
    manager: EntityManager,
    organizationId: string,
    userId: string,
    role: Role,
  ): Promise<MembershipFacts | undefined> {
    const now = this.clock.now();
    const added = await queryRows(
      manager,
      `INSERT INTO membership (organization_id, user_id, role, created_at, updated_at) VALUES ($1, $2, $3, $4, $4)
       ON CONFLICT DO NOTHING RETURNING user_id`,
      [organizationId, userId, role, now],
    );
    return added.length > 0 ? { organizationId, userId, role, isActive: true, createdAt: now } : undefined;
  }

  /**
   * Whether the organisation has any member. Locks the organisation until the transaction ends, so that two callers
   * cannot both add the first member.
   */
  async hasMembers(manager: EntityManager, organizationId: string): Promise<boolean> {
    await manager.query('SELECT FROM organization WHERE id = $1 FOR NO KEY UPDATE', [organizationId]);
    return manager.existsBy(Membership, { organizationId });
  }

  /**
   * @throws DomainError `not_found` if the user is not a member, `conflict` if the organisation would have no active
   * admin.
   */
  async change(
    manager: EntityManager,
    organizationId: string,
    userId: string,
    changes: MembershipChanges,
  ): Promise<MembershipFacts> {
    if (!isUuid(userId)) throw notFound('user', userId);
    const { member, admins } = await this.lock(manager, organizationId, userId);
    if (!member) throw notFound('user', userId);
    const role = changes.role ?? member.role;
    const isActive = changes.isActive ?? member.isActive;
    const staysAdmin = role === 'admin' && isActive;
    if (!staysAdmin && admins.length === 1 && admins[0] === member.userId) {
      throw conflict(
        'this is the last active admin of the organisation and cannot be demoted or deactivated: make another member an admin first',
      );
    }
    await manager.update(Membership, { organizationId, userId }, { role, isActive, updatedAt: this.clock.now() });
    return { ...member, role, isActive };
  }

  /**
   * Locks the member and all active admins in one order, so that two admins who demote each other take turns and one
   * admin remains. `NO KEY` lets sign-ins, which refer to the key, continue.
   */
  private async lock(
    manager: EntityManager,
    organizationId: string,
    userId: string,
  ): Promise<{ member: MembershipFacts | undefined; admins: string[] }> {
    const rows = await queryRows<MembershipFacts>(
      manager,
      `SELECT organization_id AS "organizationId", user_id AS "userId", role, is_active AS "isActive", created_at AS "createdAt"
       FROM membership
       WHERE organization_id = $1 AND (user_id = $2 OR (role = 'admin' AND is_active))
       ORDER BY user_id
       FOR NO KEY UPDATE`,
      [organizationId, userId],
    );
    return {
      member: rows.find((row) => row.userId === userId.toLowerCase()),
      admins: rows.filter((row) => row.role === 'admin' && row.isActive).map((row) => row.userId),
    };
  }
}
