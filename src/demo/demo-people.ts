import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { PasswordHasher } from '../auth/index.js';
import { newId } from '../common/ids.js';
import { queryRows } from '../database/index.js';
import { atHour, DEMO_DAYS, hoursAfter } from './demo-calendar.js';
import { whenDevonLeft } from './demo-posture.js';
import { DEMO_PASSWORD, DEMO_USERS, type DemoPerson } from './demo-users.js';

/** The ids of the users by what the generator calls them. */
export type DemoUserIds = Readonly<Record<DemoPerson, string>>;

/** Creates the people of the demo, who all have one password. */
@Injectable()
export class DemoPeople {
  constructor(private readonly hasher: PasswordHasher) {}

  /** An account that exists already, such as the first admin's, keeps its password. */
  async create(manager: EntityManager, organizationId: string, now: Date): Promise<DemoUserIds> {
    const joinedAt = atHour(now, DEMO_DAYS + 10, 9);
    const users = DEMO_USERS.map((user, index) => ({
      ...user,
      id: newId(),
      joinedAt: hoursAfter(joinedAt, index / 60),
    }));
    const accounts = await queryRows<{ id: string; email: string }>(
      manager,
      `INSERT INTO user_account AS a (id, email, display_name, password_hash, created_at, updated_at)
       SELECT id, email, display_name, $1, joined_at, joined_at
       FROM unnest($2::uuid[], $3::text[], $4::text[], $5::timestamptz[]) AS u (id, email, display_name, joined_at)
       ON CONFLICT (email) DO UPDATE SET display_name = excluded.display_name
       RETURNING a.id, a.email`,
      [
        await this.hasher.hash(DEMO_PASSWORD),
        users.map(({ id }) => id),
        users.map(({ email }) => email),
        users.map(({ displayName }) => displayName),
        users.map(({ joinedAt }) => joinedAt),
      ],
    );
    const idOf = new Map(accounts.map(({ email, id }) => [email, id]));
    const ids = users.map(({ email, id }) => idOf.get(email) ?? id);
    await manager.query(
      `INSERT INTO membership (organization_id, user_id, role, is_active, created_at, updated_at)
       SELECT $1, user_id, role, is_active, joined_at, CASE WHEN is_active THEN joined_at ELSE $2::timestamptz END
       FROM unnest($3::uuid[], $4::text[], $5::boolean[], $6::timestamptz[]) AS u (user_id, role, is_active, joined_at)
       ON CONFLICT (organization_id, user_id) DO NOTHING`,
      [
        organizationId,
        whenDevonLeft(now),
        ids,
        users.map(({ role }) => role),
        users.map(({ isActive }) => isActive),
        users.map(({ joinedAt }) => joinedAt),
      ],
    );
    return Object.fromEntries(users.map(({ person }, index) => [person, ids[index]])) as DemoUserIds;
  }
}
