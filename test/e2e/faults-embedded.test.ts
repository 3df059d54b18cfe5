import { rmSync } from 'node:fs';
import { killPostmaster, makeDataFolder } from '../support/fault-server.js';
import { eventually, VedetteProcess } from '../support/vedette-process.js';

describe('an embedded PostgreSQL that is killed', () => {
  let folder: string;
  const running: VedetteProcess[] = [];

  beforeAll(() => {
    folder = makeDataFolder();
  });

  afterAll(async () => {
    for (const vedette of running.reverse()) await vedette.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  it('is restarted automatically, and the replica continues', async () => {
    const vedette = await VedetteProcess.start({ VEDETTE_DATA_DIR: folder });
    running.push(vedette);
    const token = await vedette.signIn();

    killPostmaster(folder);
    await vedette.waitForOutput('PostgreSQL is running again');
    await eventually(async () => (await vedette.request('GET', '/health/ready')).status === 200, 'it is ready again');

    await vedette.api('PUT', '/posture', { token, body: { items: [{ attack_id: 'T1059', risk_score: 90 }] } });
    const { rules_evaluated: evaluated } = await vedette.api('POST', '/evaluations', { token });
    expect(evaluated).toBeGreaterThan(0);
  });
});
