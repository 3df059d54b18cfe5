import { Injectable } from '@nestjs/common';
import { DataSource, IsNull, LessThanOrEqual, Not, type EntityManager, type FindOptionsWhere } from 'typeorm';
import { Clock } from '../common/clock.js';
import { notFound } from '../common/errors/index.js';
import { newId } from '../common/ids.js';
import { Transactions } from '../database/index.js';
import { MembersService } from '../organizations/index.js';
import { Accounts } from './accounts.js';
import { RefreshSession } from './refresh-session.entity.js';
import { randomToken, tokenHash } from './token-hash.js';

/** Lifetime of a refresh token. Each use issues a new one with the same lifetime. */
export const REFRESH_TOKEN_SECONDS = 30 * 24 * 60 * 60;

/** Two tabs of one browser may send the same token at once, so a used token is accepted again for this long. */
const REUSE_GRACE_MS = 10_000;

/** A new refresh token, and the session that it continues. */
export interface RefreshGrant {
  userId: string;
  organizationId: string;
  token: string;
}

/**
 * Refresh tokens, each used once (RFC 9700, section 4.14.2). All tokens that descend from one sign-in are a family. A
 * used token that is sent again after {@link REUSE_GRACE_MS} has been copied, so the whole family ends.
 */
@Injectable()
export class RefreshSessionsService {
  constructor(
    private readonly dataSource: DataSource,
    private readonly transactions: Transactions,
    private readonly accounts: Accounts,
    private readonly members: MembersService,
    private readonly clock: Clock,
  ) {}

  /** Starts a family, and deletes the user's expired tokens. The account must be locked. */
  async start(manager: EntityManager, userId: string, organizationId: string): Promise<RefreshGrant> {
    await manager.delete(RefreshSession, { organizationId, userId, expiresAt: LessThanOrEqual(this.clock.now()) });
    return this.issue(manager, userId, organizationId, newId());
  }

  /**
   * Exchanges a token for its successor.
   * @param organizationId the organisation to switch to; left out, the current one.
   * @returns undefined if the token is invalid or the user is no longer an active member.
   * @throws DomainError `not_found` if the user is not a member of `organizationId`; the token stays unused.
   */
  async rotate(token: string, organizationId?: string): Promise<RefreshGrant | undefined> {
    const userId = await this.ownerOf(token);
    if (!userId) return undefined;
    // The end of a family must be committed, so a refusal is returned from the transaction, not thrown.
    return this.transactions.run(async (manager) => {
      await this.accounts.lock(manager, { id: userId });
      const session = await manager.findOneBy(RefreshSession, { tokenHash: tokenHash(token) });
      const now = this.clock.now();
      if (!session || session.revokedAt || session.expiresAt <= now) return undefined;
      if (session.usedAt && now.getTime() - session.usedAt.getTime() > REUSE_GRACE_MS) {
        await this.revoke(manager, { familyId: session.familyId });
        return undefined;
      }
      const target = organizationId ?? session.organizationId;
      const memberships = await this.members.activeMemberships(userId, manager);
      if (!memberships.some((membership) => membership.organizationId === target)) {
        if (target !== session.organizationId) throw notFound('organisation', target);
        return undefined;
      }
      if (!session.usedAt) await manager.update(RefreshSession, { id: session.id }, { usedAt: now });
      await manager.delete(RefreshSession, { familyId: session.familyId, expiresAt: LessThanOrEqual(now) });
      return this.issue(manager, userId, target, session.familyId);
    });
  }

  /** Ends the family of a token. An unknown token ends nothing. */
  async end(token: string): Promise<void> {
    const userId = await this.ownerOf(token);
    if (!userId) return;
    await this.transactions.run(async (manager) => {
      await this.accounts.lock(manager, { id: userId });
      const session = await manager.findOneBy(RefreshSession, { tokenHash: tokenHash(token) });
      if (session) await this.revoke(manager, { familyId: session.familyId });
    });
  }

  /** Ends all families of a user except that of `keptToken`. The account must be locked. */
  async endOthers(manager: EntityManager, userId: string, keptToken: string | undefined): Promise<void> {
    const kept = keptToken
      ? await manager.findOneBy(RefreshSession, { userId, tokenHash: tokenHash(keptToken) })
      : null;
    await this.revoke(manager, { userId, ...(kept ? { familyId: Not(kept.familyId) } : {}) });
  }

  /** Ends a user's sessions in one organisation. */
  async endMembership(manager: EntityManager, organizationId: string, userId: string): Promise<void> {
    await this.accounts.lock(manager, { id: userId });
    await this.revoke(manager, { organizationId, userId });
  }

  private async issue(
    manager: EntityManager,
    userId: string,
    organizationId: string,
    familyId: string,
  ): Promise<RefreshGrant> {
    const token = randomToken();
    const createdAt = this.clock.now();
    await manager.insert(RefreshSession, {
      id: newId(),
      organizationId,
      userId,
      familyId,
      tokenHash: tokenHash(token),
      createdAt,
      expiresAt: new Date(createdAt.getTime() + REFRESH_TOKEN_SECONDS * 1000),
      usedAt: null,
      revokedAt: null,
    });
    return { userId, organizationId, token };
  }

  private async revoke(manager: EntityManager, which: FindOptionsWhere<RefreshSession>): Promise<void> {
    await manager.update(RefreshSession, { ...which, revokedAt: IsNull() }, { revokedAt: this.clock.now() });
  }

  private async ownerOf(token: string): Promise<string | undefined> {
    const session = await this.dataSource.getRepository(RefreshSession).findOneBy({ tokenHash: tokenHash(token) });
    return session?.userId;
  }
}
