import { spawn } from 'node:child_process';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import { createTestDatabase, type TestDatabase } from '../support/databases.js';
import { SECRET_KEY, VedetteProcess } from '../support/vedette-process.js';

let database: TestDatabase;

beforeAll(async () => {
  database = await createTestDatabase();
  const vedette = await VedetteProcess.start({ DATABASE_URL: database.url });
  await vedette.stop();
});

afterAll(async () => {
  await database?.drop();
});

/** Runs the built command line with an output that is closed already, like `vedette ... | head -0`. */
async function runIntoClosedPipe(...args: string[]): Promise<{ code: number | null; errors: string }> {
  const child = spawn(process.execPath, [path.resolve('dist/src/cli/main.js'), ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { PATH: process.env.PATH, DATABASE_URL: database.url, VEDETTE_SECRET_KEY: SECRET_KEY },
  });
  child.stdout.destroy();
  const exited = new Promise<number | null>((resolve) => child.once('exit', resolve));
  return { errors: await text(child.stderr), code: await exited };
}

it.each(['export posture --organization default-organisation', 'organization list', 'openapi', '--help'])(
  'ends quietly when the reader of its output has left: vedette %s',
  async (command) => {
    expect(await runIntoClosedPipe(...command.split(' '))).toEqual({ code: 0, errors: '' });
  },
);
