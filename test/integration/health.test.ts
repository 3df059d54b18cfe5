import { EVALUATION_SLOT, Slots } from '../../src/database/index.js';
import { HealthModule } from '../../src/health/index.js';
import { startTestHttp, type TestHttp } from '../support/http.js';
import { NOW } from '../support/test-module.js';

const MINUTE_MS = 60_000;

let http: TestHttp;

beforeAll(async () => {
  http = await startTestHttp([HealthModule]);
});

afterAll(async () => {
  await http.close();
});

const ready = () => http.request('GET', '/health/ready');

it('is ready when the database is up and migrated', async () => {
  expect(await ready()).toMatchObject({
    status: 200,
    body: { status: 'ok', database: 'up', pending_migrations: [], is_stalled: false, last_evaluation_at: null },
  });
});

it('is not ready if no replica has completed an evaluation for more than three intervals, and is ready again after the next one', async () => {
  await http.app.get(Slots, { strict: false }).note(EVALUATION_SLOT, NOW);
  http.clock.set(new Date(NOW.getTime() + 15 * MINUTE_MS));
  expect((await ready()).status).toBe(200);
  http.clock.advanceMs(1);
  expect(await ready()).toMatchObject({
    status: 503,
    body: { status: 'unavailable', database: 'up', is_stalled: true },
  });

  await http.app.get(Slots, { strict: false }).note(EVALUATION_SLOT, http.clock.now());
  expect((await ready()).status).toBe(200);
});

it('does not count a pass of the future, from a clock that was ahead, as a pass', async () => {
  http.clock.set(NOW);
  await http.app
    .get(Slots, { strict: false })
    .note(EVALUATION_SLOT, new Date(NOW.getTime() + 365 * 24 * 60 * MINUTE_MS));
  expect((await ready()).status).toBe(200);
  http.clock.set(new Date(NOW.getTime() + 15 * MINUTE_MS + 1));
  expect(await ready()).toMatchObject({ status: 503, body: { is_stalled: true } });
  await http.app.get(Slots, { strict: false }).note(EVALUATION_SLOT, http.clock.now());
  expect((await ready()).status).toBe(200);
});

it('is not ready if a migration has not run, and names it', async () => {
  const [last] = await http.database.query<{ id: number; timestamp: string; name: string }>(
    'DELETE FROM schema_migration WHERE id = (SELECT max(id) FROM schema_migration) RETURNING *',
  );
  expect(await ready()).toMatchObject({ status: 503, body: { pending_migrations: [last!.name] } });
  await http.database.query('INSERT INTO schema_migration VALUES ($1, $2, $3)', [
    last!.id,
    last!.timestamp,
    last!.name,
  ]);
  expect((await ready()).status).toBe(200);
});

it('is alive without a database, and reports that the database is down', async () => {
  await http.database.query('ALTER TABLE rule_state RENAME TO elsewhere');
  expect(await ready()).toMatchObject({ status: 503, body: { status: 'unavailable', database: 'down' } });
  expect(await http.request('GET', '/health/live')).toMatchObject({ status: 200, body: { status: 'ok' } });
  await http.database.query('ALTER TABLE elsewhere RENAME TO rule_state');
});
