import { DataSource } from 'typeorm';
import { queryRows, Transactions } from '../../src/database/index.js';
import { startTestModule, type TestContext } from '../support/test-module.js';

describe('a transaction', () => {
  let context: TestContext;

  beforeAll(async () => {
    context = await startTestModule([]);
  });
  afterAll(() => context.close());

  it('turns JIT off and limits the time of statements, despite other server settings', async () => {
    const [{ name } = { name: '' }] = await context.database.query<{ name: string }>(
      'SELECT current_database() AS name',
    );
    await context.database.query(`ALTER DATABASE ${name} SET jit = on`);
    const settings = `SELECT current_setting('jit') AS jit, current_setting('statement_timeout') AS statement_timeout`;
    const fresh = await new DataSource(context.module.get(DataSource).options).initialize();
    try {
      expect(await queryRows(fresh, settings)).toEqual([{ jit: 'on', statement_timeout: '0' }]);
      const within = await new Transactions(fresh).run((manager) => queryRows(manager, settings));
      expect(within).toEqual([{ jit: 'off', statement_timeout: '1min' }]);
      expect(await queryRows(fresh, settings)).toEqual([{ jit: 'on', statement_timeout: '0' }]);
    } finally {
      await fresh.destroy();
    }
  });
});
