import { request as httpRequest } from 'node:http';
import { connect } from 'node:net';
import { createTestDatabase, type TestDatabase } from '../support/databases.js';
import { VedetteProcess, type HttpAnswer } from '../support/vedette-process.js';

let database: TestDatabase;
let vedette: VedetteProcess;
let token: string;

beforeAll(async () => {
  database = await createTestDatabase();
  vedette = await VedetteProcess.start({ DATABASE_URL: database.url });
  token = await vedette.signIn();
});

afterAll(async () => {
  await vedette?.stop();
  await database?.drop();
});

function expectProblem(answer: HttpAnswer, status: number, field?: string): void {
  expect(answer.headers.get('content-type')).toContain('application/problem+json');
  expect(answer.body).toMatchObject({
    type: 'about:blank',
    status,
    title: expect.any(String),
    detail: expect.any(String),
    code: expect.any(String),
  });
  if (field) expect(answer.body.errors.map((error: { field: string }) => error.field)).toContain(field);
}

const login = (body: string): Promise<HttpAnswer> =>
  vedette.request('POST', '/api/v1/auth/login', { body, headers: { 'content-type': 'application/json' } });

describe('an unacceptable body', () => {
  it('is rejected for its size, except on routes for 10,000 items', async () => {
    expectProblem(await login(`{"email": "${'x'.repeat(70_000)}"}`), 413);
    const items = Array.from({ length: 5_000 }, (_, index) => ({ attack_id: `T${index}`, risk_score: 1 }));
    expectProblem(
      await vedette.request('PUT', '/api/v1/posture', { token, body: { items } }),
      400,
      'items[0].attack_id',
    );
  });

  it('is rejected for its depth', async () => {
    const deep = `{"organization_id": ${'['.repeat(5_000)}${']'.repeat(5_000)}}`;
    const answer = await login(deep);
    expectProblem(answer, 400);
    expect(answer.body.detail).toContain('must not nest deeper than 20 levels');
  });

  it('gets a limited number of errors', async () => {
    const many = Object.fromEntries(Array.from({ length: 3_000 }, (_, index) => [`k${index}`, 1]));
    const answer = await vedette.request('POST', '/api/v1/rules', { token, body: many });
    expectProblem(answer, 400);
    expect(answer.body.errors.length).toBeLessThanOrEqual(100);
  });

  it.each(['null', '[]', '"text"', '1'])('is rejected if it is %s and not an object', async (body) => {
    expectProblem(await login(body), 400);
  });

  it.each(['constructor', 'toString', 'hasOwnProperty'])('is rejected for the unknown name %s', async (name) => {
    expectProblem(await vedette.request('POST', '/api/v1/rules', { token, body: { [name]: 1 } }), 400, name);
  });

  it.each([
    ['U+0000', 'a\u0000b'],
    ['a lone surrogate', 'a\ud800b'],
  ])('is rejected for text with %s, with the field in the error', async (_, text) => {
    expectProblem(await login(JSON.stringify({ email: text, password: 'x' })), 400, 'email');
    expectProblem(await vedette.request('POST', '/api/v1/rules', { token, body: { name: text } }), 400, 'name');
  });

  it('may be missing although the request has a content type', async () => {
    const { items } = await vedette.api('GET', '/instances', { token });
    const answer = await vedette.request('POST', `/api/v1/instances/${items[0].id}/acknowledge`, {
      token,
      body: '',
      headers: { 'content-type': 'application/json' },
    });
    expect(answer.status).toBe(200);
  });
});

describe('an invalid address', () => {
  it.each(['/api/v1/rules/%zz', '/api/v1/rules/%ff'])('%s gets a problem document', async (path) => {
    expectProblem(await vedette.request('GET', path, { token }), 400);
  });

  it.each(['/nowhere', '/api/v1/nowhere', `/api/v1/rules/${'x'.repeat(500)}`, '/api/v1/rules/1', '/api/v1/rules/null'])(
    '%s is not found',
    async (path) => {
      expectProblem(await vedette.request('GET', path, { token }), 404);
    },
  );

  it('is rejected for an invalid query parameter, with its name in the error', async () => {
    expectProblem(await vedette.request('GET', '/api/v1/instances?limit=0', { token }), 400, 'limit');
    expectProblem(await vedette.request('GET', '/api/v1/instances?limit=501', { token }), 400, 'limit');
    expectProblem(await vedette.request('GET', '/api/v1/instances?status=ajar', { token }), 400, 'status');
    expectProblem(await vedette.request('GET', '/api/v1/instances?unknown=1', { token }), 400, 'unknown');
    expectProblem(await vedette.request('GET', '/api/v1/techniques?search=%00', { token }), 400, 'search');
  });

  it.each([
    ['no cursor at all', 'hello'],
    [
      'a day that does not exist',
      Buffer.from('["2026-13-45T99:99:99.999Z","01900000-0000-7000-8000-000000000000"]').toString('base64url'),
    ],
    [
      'a year before time',
      Buffer.from('["0000-01-01T00:00:00.000Z","01900000-0000-7000-8000-000000000000"]').toString('base64url'),
    ],
  ])('is rejected for a cursor that is %s', async (_, cursor) => {
    for (const list of [
      'instances',
      'rules',
      'users',
      'api-keys',
      'evaluations',
      'notifications',
      'webhooks',
      'revalidation-queue',
      'imports/attack',
      'posture/imports',
    ]) {
      expectProblem(await vedette.request('GET', `/api/v1/${list}?cursor=${cursor}`, { token }), 400, 'cursor');
    }
  });
});

describe('invalid HTTP', () => {
  it('gets a problem document if the headers are too large', async () => {
    const status = await new Promise((resolve, reject) => {
      httpRequest(
        { port: vedette.port, path: '/health/live', headers: { 'x-large': 'x'.repeat(20_000) } },
        (response) => {
          expect(response.headers['content-type']).toContain('application/problem+json');
          response.resume();
          resolve(response.statusCode);
        },
      )
        .on('error', reject)
        .end();
    });
    expect(status).toBe(431);
  });

  it('gets a problem document if it is garbage', async () => {
    const text = await new Promise<string>((resolve, reject) => {
      const socket = connect(vedette.port, '127.0.0.1', () => socket.write('hello there\r\n\r\n'));
      let answer = '';
      socket.on('data', (chunk) => (answer += chunk.toString()));
      socket.on('close', () => resolve(answer));
      socket.on('error', reject);
    });
    expect(text).toMatch(/^HTTP\/1.1 400 /);
    expect(text).toContain('application/problem+json');
  });
});

it('prevents names from forging log lines, and logs no secrets', async () => {
  await database.query(`UPDATE alert_rule SET name = E'v\n[Vedette] FORGED' WHERE rule_type = 'orphan_spike'`);
  await database.query('UPDATE rule_state SET last_fired_at = NULL');
  await vedette.api('POST', '/evaluations', { token });
  await vedette.waitForOutput('FORGED');
  expect(vedette.output).not.toMatch(/^\[Vedette\] FORGED/m);
  expect(vedette.output).not.toContain(token);
  expect(vedette.output).not.toContain('the admin of the tests');
});
