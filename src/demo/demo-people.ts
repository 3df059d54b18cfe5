import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { ensurePastAccounts, PasswordHasher } from '../auth/index.js';
import { addPastMembers } from '../organizations/index.js';
import { atHour, DEMO_DAYS, hoursAfter } from './demo-calendar.js';
import { whenDevonLeft } from './demo-posture.js';
import { DEMO_PASSWORD, DEMO_USERS, type DemoPerson } from './demo-users.js';

/** The ids of the users by their names in the generator. */
export type DemoUserIds = Readonly<Record<DemoPerson, string>>;

/** Creates the people of the demo, all with the same password. */
@Injectable()
export class DemoPeople {
  constructor(private readonly hasher: PasswordHasher) {}

  /** An existing account, such as that of the first admin, keeps its password. */
  async create(manager: EntityManager, organizationId: string, now: Date): Promise<DemoUserIds> {
    const firstJoinedAt = atHour(now, DEMO_DAYS + 10, 9);
    const joinedAt = (index: number): Date => hoursAfter(firstJoinedAt, index / 60);
    const idOf = await ensurePastAccounts(
      manager,
      DEMO_USERS.map(({ email, displayName }, index) => ({ email, displayName, createdAt: joinedAt(index) })),
      await this.hasher.hash(DEMO_PASSWORD),
    );
    await addPastMembers(
      manager,
      organizationId,
      DEMO_USERS.map(({ email, role, isActive }, index) => ({
        userId: idOf.get(email)!,
        role,
        joinedAt: joinedAt(index),
        leftAt: isActive ? null : whenDevonLeft(now),
      })),
    );
    return Object.fromEntries(DEMO_USERS.map(({ person, email }) => [person, idOf.get(email)!])) as DemoUserIds;
  }
}
