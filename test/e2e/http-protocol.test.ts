import { readFileSync } from 'node:fs';
import { connect } from 'node:net';

import { createTestDatabase, type TestDatabase } from '../support/databases.js';
import { VedetteProcess } from '../support/vedette-process.js';

const METRICS_TOKEN = 'the-token-of-the-metrics';
const UNKNOWN_ID = '01900000-0000-7000-8000-000000000000';

let database: TestDatabase;
let vedette: VedetteProcess;
let token: string;

beforeAll(async () => {
  database = await createTestDatabase();
  vedette = await VedetteProcess.start({ DATABASE_URL: database.url, VEDETTE_METRICS_TOKEN: METRICS_TOKEN });
  token = await vedette.signIn();
});

afterAll(async () => {
  await vedette?.stop();
  await database?.drop();
});

interface RawAnswer {
  status: number;
  headers: Headers;
  text: string;
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- tests read untyped JSON
  json: any;
}

const accessTo = (path: string): string => `Authorization: Bearer ${path === '/metrics' ? METRICS_TOKEN : token}`;

const HOST = 'Host: vedette';
const JSON_TYPE = 'Content-Type: application/json';

/**
 * Sends the head of a request and the given part of its body exactly as written, and resolves with the first answer.
 * The connection stays open until then, so an unfinished body stays unfinished.
 */
async function send(start: string, headers: string[], body = ''): Promise<RawAnswer> {
  return new Promise((resolve, reject) => {
    const socket = connect(vedette.port, '127.0.0.1', () => {
      socket.write(`${start} HTTP/1.1\r\n${headers.map((header) => `${header}\r\n`).join('')}\r\n${body}`);
    });
    let received = '';
    const finish = (): void => {
      socket.destroy();
      resolve(parse(received));
    };
    socket.setTimeout(10_000, () => reject(new Error(`no whole answer came within 10 s, only: ${received}`)));
    socket.on('data', (chunk) => {
      received += chunk.toString();
      if (isWhole(received, start.startsWith('HEAD '))) finish();
    });
    socket.on('end', finish).on('error', reject);
  });
}

function isWhole(received: string, isHead: boolean): boolean {
  const end = received.indexOf('\r\n\r\n');
  if (end < 0) return false;
  const length = /\r\ncontent-length: (\d+)/i.exec(received)?.[1] ?? '0';
  return isHead || Buffer.byteLength(received.slice(end + 4)) >= Number(length);
}

function parse(received: string): RawAnswer {
  const [head = '', text = ''] = received.split(/\r\n\r\n([\s\S]*)/);
  const [first = '', ...lines] = head.split('\r\n');
  const headers = new Headers(lines.map((line) => line.split(/: ?(.*)/).slice(0, 2) as [string, string]));
  const isJson = text !== '' && /json/.test(headers.get('content-type') ?? '');
  return { status: Number(first.split(' ')[1]), headers, text, json: isJson ? JSON.parse(text) : undefined };
}

function expectProblem(answer: RawAnswer, status: number, code: string): void {
  expect(answer.headers.get('content-type')).toContain('application/problem+json');
  expect(answer.json).toMatchObject({ status, code, type: 'about:blank', request_id: expect.any(String) });
}

interface Operation {
  method: string;
  path: string;
  pattern: RegExp;
  body: 'none' | 'optional' | 'required';
  isPublic: boolean;
}

/** Every operation of the API, with an id that does not exist. */
const OPERATIONS: Operation[] = Object.entries(
  (JSON.parse(readFileSync('docs/openapi.json', 'utf8')) as { paths: Record<string, Record<string, DocumentedBody>> })
    .paths,
).flatMap(([path, operations]) =>
  Object.entries(operations).map(([method, { requestBody, 'x-roles': roles }]) => ({
    method: method.toUpperCase(),
    path: path.replace('{date}', '2026-01-01').replace(/\{\w+\}/g, UNKNOWN_ID),
    pattern: new RegExp(`^${path.replace(/\{\w+\}/g, '[^/]+')}$`),
    body: requestBody ? (requestBody.required ? ('required' as const) : ('optional' as const)) : ('none' as const),
    isPublic: roles.includes('public'),
  })),
);

interface DocumentedBody {
  requestBody?: { required?: boolean };
  'x-roles': string[];
}

const named = (operation: Operation): [string, Operation] => [`${operation.method} ${operation.path}`, operation];

describe('a request without a body', () => {
  const WITHOUT_BODY = OPERATIONS.filter(({ method, body }) => method !== 'GET' && body === 'none');

  it.each(WITHOUT_BODY.map(named))('may have the content type of JSON: %s', async (start) => {
    expect(WITHOUT_BODY.length).toBeGreaterThan(15);
    const headers = [HOST, `Authorization: Bearer ${token}`, JSON_TYPE];
    for (const [framing, body] of [
      [[], ''],
      [['Content-Length: 0'], ''],
      [['Transfer-Encoding: chunked'], '0\r\n\r\n'],
    ] as const) {
      const { status } = await send(start, [...headers, ...framing], body);
      expect([framing, [200, 201, 202, 204, 404].includes(status) ? 'accepted' : status]).toEqual([
        framing,
        'accepted',
      ]);
    }
  });

  it.each([
    ['POST /api/v1/auth/login', 'email'],
    ['POST /api/v1/rules', 'name'],
    ['PUT /api/v1/posture', 'items'],
    ['POST /api/v1/webhooks', 'url'],
  ])('is refused where the body is needed, with the missing fields: %s', async (start, field) => {
    for (const [framing, body] of [
      ['Content-Length: 0', ''],
      ['Transfer-Encoding: chunked', '0\r\n\r\n'],
      ['X-No-Body: true', ''],
    ] as const) {
      const answer = await send(start, [HOST, `Authorization: Bearer ${token}`, JSON_TYPE, framing], body);
      expectProblem(answer, 400, 'invalid_input');
      expect(answer.json.errors.map((error: { field: string }) => error.field)).toContain(field);
    }
  });
});

describe('a method that the path does not have', () => {
  const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'];
  const paths = [...new Set(OPERATIONS.map(({ path }) => path)), '/docs', '/docs/index.css', '/alerts/1'];

  /** `/rules/preview` also has the methods of `/rules/{id}`, to which it is an unknown id. */
  function allowedAt(path: string): string[] {
    const documented = OPERATIONS.filter(({ pattern }) => pattern.test(path)).map(({ method }) => method);
    const methods = documented.length > 0 ? documented : ['GET'];
    return METHODS.filter((method) => methods.includes(method) || (method === 'HEAD' && methods.includes('GET')));
  }

  it.each(paths)('gets 405 with the methods of %s, with and without sign-in', async (path) => {
    const allowed = allowedAt(path);
    const other = ['DELETE', 'PATCH', 'PUT', 'POST'].find((method) => !allowed.includes(method))!;
    for (const [method, headers] of [
      [other, []],
      [other, [`Authorization: Bearer ${token}`]],
      ['LOCK', []],
    ] as const) {
      const answer = await send(`${method} ${path}?a=1`, [HOST, ...headers]);
      expectProblem(answer, 405, 'method_not_allowed');
      expect(answer.headers.get('allow')).toBe([...allowed, 'OPTIONS'].join(', '));
    }
  });

  it.each(paths)('is listed by OPTIONS %s, which opens nothing to other origins', async (path) => {
    const answer = await send(`OPTIONS ${path}`, [
      HOST,
      'Origin: https://elsewhere.example',
      'Access-Control-Request-Method: POST',
    ]);
    expect([answer.status, answer.text]).toEqual([204, '']);
    expect(answer.headers.get('allow')).toBe([...allowedAt(path), 'OPTIONS'].join(', '));
    expect([...answer.headers.keys()].filter((name) => name.startsWith('access-control'))).toEqual([]);
  });

  it.each(['GET', 'HEAD', 'POST', 'OPTIONS', 'LOCK'])('gets 404 at an unknown path: %s', async (method) => {
    for (const path of ['/nowhere', '/api/v1/nowhere', '/api/v1', '/']) {
      const answer = await send(`${method} ${path}`, [HOST]);
      expect([path, answer.status, answer.headers.get('allow')]).toEqual([path, 404, null]);
      if (method !== 'HEAD') expectProblem(answer, 404, 'not_found');
    }
  });
});

describe('HEAD', () => {
  const STREAM = '/api/v1/notifications/stream';
  const readable = OPERATIONS.filter(({ method, path }) => method === 'GET' && path !== STREAM);

  it.each([...readable.map(({ path }) => path), '/docs', '/docs-json', '/docs/swagger-ui.css'])(
    'is answered like GET, without the body: %s',
    async (path) => {
      const access = accessTo(path);
      const [got, head] = [await send(`GET ${path}`, [HOST, access]), await send(`HEAD ${path}`, [HOST, access])];
      expect([head.status, head.text]).toEqual([got.status, '']);
      expect(head.headers.get('content-type')).toBe(got.headers.get('content-type'));
    },
  );

  it('leaves no stream of notifications open', async () => {
    for (let times = 0; times < 30; times += 1) {
      expect((await send(`HEAD ${STREAM}`, [HOST, accessTo(STREAM)])).status).toBe(200);
    }
  });
});

describe('a slash at the end of a path', () => {
  it.each([
    ...OPERATIONS.filter(({ method, path }) => method === 'GET' && !path.endsWith('/stream')).map(({ path }) => path),
    '/docs',
    '/docs-json',
  ])('changes nothing: %s/', async (path) => {
    const access = accessTo(path);
    const [plain, slashed] = [await send(`GET ${path}`, [HOST, access]), await send(`GET ${path}/`, [HOST, access])];
    expect(slashed.status).toBe(plain.status);
    expect(slashed.headers.get('content-type')).toBe(plain.headers.get('content-type'));
  });

  it('changes nothing for a route with a larger body limit', async () => {
    const body = JSON.stringify({ items: [], padding: 'x'.repeat(100_000) });
    const answer = await send(
      'PUT /api/v1/posture/',
      [HOST, `Authorization: Bearer ${token}`, JSON_TYPE, `Content-Length: ${body.length}`],
      body,
    );
    expectProblem(answer, 400, 'invalid_input');
  });
});

describe('the caller of a request with a body', () => {
  const BODY = '{"items":[';
  const LARGE = 'Content-Length: 7800000';

  it.each(OPERATIONS.filter(({ isPublic, body }) => !isPublic && body !== 'none').map(named))(
    'gets 401 before the body has come: %s',
    async (start) => {
      for (const headers of [[], ['Authorization: Bearer not.a.token'], ['Authorization: Bearer vdt_unknown']]) {
        expectProblem(await send(start, [HOST, JSON_TYPE, LARGE, ...headers], BODY), 401, 'unauthenticated');
      }
    },
  );

  it('gets 403 before the body has come', async () => {
    const { key } = await vedette.api('POST', '/api-keys', { token, body: { name: 'viewer', role: 'viewer' } });
    const answer = await send('PUT /api/v1/posture', [HOST, JSON_TYPE, LARGE, `Authorization: Bearer ${key}`], BODY);
    expectProblem(answer, 403, 'forbidden');
  });

  it('is asked for no more than 16 KiB where no sign-in is needed', async () => {
    for (const { method, path } of OPERATIONS.filter((operation) => operation.isPublic && operation.method !== 'GET')) {
      const answer = await send(`${method} ${path}`, [HOST, JSON_TYPE, 'Content-Length: 16385'], '{');
      expectProblem(answer, 413, 'payload_too_large');
    }
  });

  it('gets 404 or 405 before the body has come', async () => {
    expectProblem(await send('POST /api/v1/nowhere', [HOST, JSON_TYPE, LARGE], BODY), 404, 'not_found');
    expectProblem(await send('PUT /api/v1/rules', [HOST, JSON_TYPE, LARGE], BODY), 405, 'method_not_allowed');
  });

  it('may keep the connection for the next request', async () => {
    const head = `PUT /api/v1/posture HTTP/1.1\r\n${HOST}\r\n${JSON_TYPE}\r\nContent-Length: 1000000\r\n\r\n`;
    const next = `GET /health/live HTTP/1.1\r\n${HOST}\r\n\r\n`;
    const received = await new Promise<string>((resolve, reject) => {
      const socket = connect(vedette.port, '127.0.0.1', () => socket.write(head + ' '.repeat(1_000_000) + next));
      let text = '';
      socket.setTimeout(10_000, () => reject(new Error(text)));
      socket.on('error', reject).on('data', (chunk) => {
        text += chunk.toString();
        if (text.includes('"status":"ok"')) resolve(text);
      });
    });
    expect(received).toMatch(/^HTTP\/1\.1 401 /);
    expect(received).toContain('HTTP/1.1 200 OK');
  });
});

it('refuses a body with too many values, with the limit', async () => {
  const body = `{"items":[${'{},'.repeat(2_600_000)}{}]}`;
  const answer = await vedette.request('PUT', '/api/v1/posture', { token, body });
  expect(answer).toMatchObject({
    status: 400,
    body: { code: 'invalid_input', errors: [{ field: 'items', message: expect.stringContaining('300000 values') }] },
  });
});

it('accepts the largest posture: 10,000 items with 20 tags each', async () => {
  const tags = Array.from({ length: 20 }, (_, index) => `tag-${index}`);
  const item = { status_global: 'covered', last_review_date: null, risk_score: 1, owner_id: null, owner_email: null };
  const items = Array.from({ length: 10_000 }, (_, index) => ({ attack_id: `x${index}`, ...item, tags }));
  const { status, body } = await vedette.request('PUT', '/api/v1/posture', { token, body: { items } });
  expect(status).toBe(400);
  expect(body.errors[0]).toMatchObject({ field: 'items[0].attack_id' });
});

describe('the Host of a request', () => {
  it.each([
    ['is missing', []],
    ['is there twice', ['Host: one', 'host: two']],
    ['is there twice with one value', [HOST, HOST]],
  ])('gets a problem document if it %s', async (_, hosts) => {
    for (const start of ['GET /api/v1/rules', 'GET /health/live', 'GET /docs', 'GET /nowhere', 'OPTIONS /docs']) {
      const answer = await send(start, [...hosts, `Authorization: Bearer ${token}`]);
      expectProblem(answer, 400, 'invalid_input');
      expect(answer.json.detail).toContain('Host');
    }
  });
});

describe('answers with data', () => {
  it.each(OPERATIONS.filter(({ method, path }) => method === 'GET' && !path.endsWith('/stream')).map(named))(
    'are not stored on their way: %s',
    async (start, { path }) => {
      const access = accessTo(path);
      for (const headers of [[HOST], [HOST, access]]) {
        expect((await send(start, headers)).headers.get('cache-control')).toBe('no-store');
      }
    },
  );

  it.each(['GET /alerts/1', 'GET /nowhere', 'OPTIONS /api/v1/rules', 'DELETE /health/live', 'GET /api/v1/rules/%zz'])(
    'and those without are not stored either: %s',
    async (start) => {
      expect((await send(start, [HOST])).headers.get('cache-control')).toBe('no-store');
    },
  );

  it.each(['/docs', '/docs/swagger-ui.css'])('differ from the explorer, which may be stored: %s', async (path) => {
    const answer = await send(`GET ${path}`, [HOST]);
    expect(answer.status).toBe(200);
    expect(answer.headers.get('cache-control') ?? '').not.toContain('no-store');
  });
});

it('writes the request id of a 500 into its log line', async () => {
  await database.query('ALTER TABLE alert_rule RENAME TO elsewhere');
  const answer = await vedette.request('GET', '/api/v1/rules', { token });
  await database.query('ALTER TABLE elsewhere RENAME TO alert_rule');
  expect(answer.status).toBe(500);
  await vedette.waitForOutput('GET /api/v1/rules failed');
  const line = vedette.output.split('\n').find((text) => text.includes('GET /api/v1/rules failed'));
  expect(line).toContain(`request_id=${answer.body.request_id} `);
});
