import { Controller, Get, Module } from '@nestjs/common';
import { JwtService } from '@nestjs/jwt';
import { AccessTokens, AuthModule } from '../../src/auth/index.js';
import { Access, CurrentPrincipal, Public, ROLES, type Principal, type Role } from '../../src/common/access/index.js';
import { newId } from '../../src/common/ids.js';
import { SecretBox } from '../../src/common/secret-box.js';
import { anApiKey, aSignedInMember } from '../support/auth-factories.js';
import { anOrganization } from '../support/factories.js';
import { startTestHttp, type Answer, type TestHttp } from '../support/http.js';
import { NOW, startTestModule } from '../support/test-module.js';

@Controller('probe')
class ProbeController {
  @Get('public')
  @Public()
  open(): object {
    return {};
  }

  @Get('viewer')
  @Access('viewer')
  viewer(@CurrentPrincipal() principal: Principal): Principal {
    return principal;
  }

  @Get('analyst')
  @Access('analyst')
  analyst(): object {
    return {};
  }

  @Get('lead')
  @Access('lead')
  lead(): object {
    return {};
  }

  @Get('admin')
  @Access('admin')
  admin(): object {
    return {};
  }
}

@Module({ controllers: [ProbeController] })
class ProbeModule {}

let http: TestHttp;
let organizationId: string;

beforeAll(async () => {
  http = await startTestHttp([AuthModule, ProbeModule]);
  organizationId = await anOrganization(http.database);
});
beforeEach(() => http.clock.set(NOW));
afterAll(() => http.close());

const probe = (level: string, token?: string): Promise<Answer> =>
  http.request('GET', `/api/v1/probe/${level}`, { token });

/** The levels of routes that each role may call. */
const ALLOWED: Record<Role, string[]> = {
  admin: ['viewer', 'analyst', 'lead', 'admin'],
  red_lead: ['viewer', 'analyst', 'lead'],
  blue_lead: ['viewer', 'analyst', 'lead'],
  analyst: ['viewer', 'analyst'],
  viewer: ['viewer'],
};

describe.each(ROLES)('%s', (role) => {
  test.each(['user', 'API key'])('may call exactly the routes of its role, as a %s', async (kind) => {
    const token =
      kind === 'user'
        ? (await aSignedInMember(http, organizationId, role)).token
        : (await anApiKey(http, organizationId, { role })).key;
    for (const level of ['viewer', 'analyst', 'lead', 'admin']) {
      const { status, body } = await probe(level, token);
      expect({ level, status }).toEqual({ level, status: ALLOWED[role].includes(level) ? 200 : 403 });
      if (status === 403) {
        expect(body).toMatchObject({ code: 'forbidden', detail: expect.stringContaining(`yours is ${role}`) });
      }
    }
  });
});

test('a route receives the caller', async () => {
  const { userId, token } = await aSignedInMember(http, organizationId, 'analyst');
  expect((await probe('viewer', token)).body).toEqual({
    organizationId,
    role: 'analyst',
    userId,
    apiKeyId: null,
    actorId: userId,
  });
  const { id, key } = await anApiKey(http, organizationId);
  expect((await probe('viewer', key)).body).toEqual({
    organizationId,
    role: 'viewer',
    userId: null,
    apiKeyId: id,
    actorId: id,
  });
});

test('a public route needs no token', async () => {
  expect((await probe('public')).status).toBe(200);
  expect((await probe('public', 'rubbish')).status).toBe(200);
});

describe('401 is the answer to', () => {
  const refused = async (answer: Promise<Answer>): Promise<void> => {
    const { status, headers, body } = await answer;
    expect(status).toBe(401);
    expect(headers['www-authenticate']).toBe('Bearer');
    expect(body.code).toBe('unauthenticated');
  };

  test.each([
    undefined,
    '',
    'Bearer',
    'Bearer ',
    'Basic dXNlcjpwYXNz',
    'Bearer a b',
    'Bearer vdt_',
    'Bearer not.a.token',
    'Bearer {}',
  ])('the header %j', async (authorization) => {
    await refused(
      http.request('GET', '/api/v1/probe/viewer', { headers: authorization === undefined ? {} : { authorization } }),
    );
  });

  test('a token with a wrong signature or wrong claims', async () => {
    const { userId, token } = await aSignedInMember(http, organizationId);
    expect((await probe('admin', token)).status).toBe(200);
    const secret = http.module.get(SecretBox).deriveKey('access token');
    const claims = { sub: userId, org: organizationId, iat: NOW.getTime() / 1000 };
    const jwt = new JwtService({});
    const good = { secret, algorithm: 'HS256', issuer: 'vedette', expiresIn: 900 } as const;
    expect((await probe('admin', jwt.sign(claims, good))).status).toBe(200);

    const [head, body, signature] = token.split('.') as [string, string, string];
    const encode = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
    const decoded = JSON.parse(Buffer.from(body, 'base64url').toString()) as object;
    const forged = {
      'another key': jwt.sign(claims, { ...good, secret: http.module.get(SecretBox).deriveKey('something else') }),
      'another algorithm': jwt.sign(claims, { ...good, algorithm: 'HS512' }),
      'another issuer': jwt.sign(claims, { ...good, issuer: 'another issuer' }),
      'no issuer': jwt.sign(claims, { secret, expiresIn: 900 }),
      'no expiry': jwt.sign(claims, { secret, issuer: 'vedette' }),
      'no signature': `${encode({ alg: 'none', typ: 'JWT' })}.${body}.`,
      'a changed claim': `${head}.${encode({ ...decoded, sub: newId() })}.${signature}`,
      'a changed signature': `${head}.${body}.${signature.slice(0, -4)}AAAA`,
      'a subject that is not an id': jwt.sign({ ...claims, sub: 'not an id' }, good),
      'no organisation': jwt.sign({ sub: userId, iat: claims.iat }, good),
    };
    for (const [what, forgery] of Object.entries(forged)) {
      expect({ what, status: (await probe('viewer', forgery)).status }).toEqual({ what, status: 401 });
    }
  });

  test('an access token from its 15th minute on', async () => {
    const { token } = await aSignedInMember(http, organizationId);
    http.clock.advanceMs(15 * 60_000 - 1);
    expect((await probe('viewer', token)).status).toBe(200);
    http.clock.advanceMs(1);
    await refused(probe('viewer', token));
  });

  test('a deactivated user, although the token has not expired', async () => {
    const admin = await aSignedInMember(http, organizationId);
    const { userId, token } = await aSignedInMember(http, organizationId, 'analyst');
    const setActive = (isActive: boolean): Promise<Answer> =>
      http.request('PATCH', `/api/v1/users/${userId}`, { token: admin.token, body: { is_active: isActive } });
    await setActive(false);
    await refused(probe('viewer', token));
    await setActive(true);
    expect((await probe('viewer', token)).status).toBe(200);
  });

  test('a token for an organisation that the user does not belong to', async () => {
    const { userId } = await aSignedInMember(http, organizationId);
    const other = await anOrganization(http.database);
    await refused(probe('viewer', http.module.get(AccessTokens, { strict: false }).issue(userId, other)));
  });

  test('an API key that is unknown, revoked or expired', async () => {
    const admin = await aSignedInMember(http, organizationId);
    const { id, key } = await anApiKey(http, organizationId);
    expect((await probe('viewer', key)).status).toBe(200);
    await http.request('DELETE', `/api/v1/api-keys/${id}`, { token: admin.token });
    await refused(probe('viewer', key));
    await refused(probe('viewer', `vdt_${'A'.repeat(43)}`));

    const expiring = await anApiKey(http, organizationId, { expiresAt: new Date(NOW.getTime() + 1000) });
    http.clock.advanceMs(999);
    expect((await probe('viewer', expiring.key)).status).toBe(200);
    http.clock.advanceMs(1);
    await refused(probe('viewer', expiring.key));
  });

  test('a wrong token, and the answer never repeats it', async () => {
    const { body } = await probe('viewer', 'vdt_a-secret-that-must-not-come-back');
    expect(JSON.stringify(body)).not.toContain('must-not-come-back');
  });
});

test('a changed role takes effect at the next request', async () => {
  const admin = await aSignedInMember(http, organizationId);
  const { userId, token } = await aSignedInMember(http, organizationId, 'viewer');
  expect((await probe('lead', token)).status).toBe(403);
  await http.request('PATCH', `/api/v1/users/${userId}`, { token: admin.token, body: { role: 'blue_lead' } });
  expect((await probe('lead', token)).status).toBe(200);
});

test('a route that does not declare who may call it stops the start, and is named', async () => {
  @Controller('forgetful')
  class ForgetfulController {
    @Get()
    @Access('viewer')
    careful(): object {
      return {};
    }

    @Get('all')
    forgotten(): object {
      return {};
    }
  }

  @Module({ controllers: [ForgetfulController] })
  class ForgetfulModule {}

  const context = await startTestModule([AuthModule, ForgetfulModule], { init: false });
  await expect(context.module.init()).rejects.toThrow(
    'These routes do not say who may call them: ForgetfulController.forgotten.',
  );
  await context.close();
});
