import { Injectable, type CanActivate, type ExecutionContext } from '@nestjs/common';
import { APP_GUARD, Reflector } from '@nestjs/core';
import { ACCESS_METADATA, ROLES_AT_LEAST, type AccessLevel, type Role } from '../../src/common/access/index.js';
import { forbidden } from '../../src/common/errors/index.js';
import { PostureModule } from '../../src/posture/posture.module.js';
import { RevalidationModule } from '../../src/revalidation/revalidation.module.js';
import { SnapshotsModule } from '../../src/snapshots/snapshots.module.js';
import { aMember, anOrganization } from './factories.js';
import { startTestHttp, type Answer, type TestHttp } from './http.js';

/** Trusts the token, `<role> <organization id> <user id>`, and checks the access level of each route. */
@Injectable()
class TrustingGuard implements CanActivate {
  constructor(private readonly reflector: Reflector) {}

  canActivate(context: ExecutionContext): boolean {
    const request = context.switchToHttp().getRequest<{ headers: Record<string, string>; principal?: unknown }>();
    const [role, organizationId, userId] = (request.headers.authorization ?? '').replace('Bearer ', '').split(' ') as [
      Role,
      string,
      string,
    ];
    const level = this.reflector.get<AccessLevel>(ACCESS_METADATA, context.getHandler());
    const allowed: readonly Role[] = ROLES_AT_LEAST[level];
    if (!allowed.includes(role)) throw forbidden(`only for ${allowed.join(', ')}`);
    request.principal = { organizationId, role, userId, apiKeyId: null, actorId: userId };
    return true;
  }
}

/** A user who makes requests. */
export interface Caller {
  organizationId: string;
  userId: string;
  email: string;
  get(path: string): Promise<Answer>;
  send(method: 'POST' | 'PUT' | 'PATCH', path: string, body?: unknown): Promise<Answer>;
}

/** The posture module, or the given modules, behind HTTP. */
export async function startPostureHttp(
  modules: Parameters<typeof startTestHttp>[0] = [PostureModule, RevalidationModule, SnapshotsModule],
): Promise<TestHttp> {
  return startTestHttp(modules, { providers: [{ provide: APP_GUARD, useClass: TrustingGuard }] });
}

/** A member of the organisation, or of a new one. */
export async function aCaller(
  http: TestHttp,
  { role = 'red_lead', organizationId = '' }: { role?: Role; organizationId?: string } = {},
): Promise<Caller> {
  const organization = organizationId || (await anOrganization(http.database));
  const { userId, email } = await aMember(http.database, organization, { role });
  const token = `${role} ${organization} ${userId}`;
  return {
    organizationId: organization,
    userId,
    email,
    get: (path) => http.request('GET', `/api/v1${path}`, { token }),
    send: (method, path, body) => http.request(method, `/api/v1${path}`, { token, body }),
  };
}

/** The kinds of change that await evaluation for the organisation. */
export async function markedChanges(http: TestHttp, organizationId: string): Promise<string[]> {
  const rows = await http.database.query<{ kinds: string[] }>(
    'SELECT kinds FROM posture_change WHERE organization_id = $1',
    [organizationId],
  );
  return rows[0]?.kinds ?? [];
}
