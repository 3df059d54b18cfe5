import { Transactions } from '../../dist/src/database/index.js';

/** The frame of transactions and savepoints, which is not printed. */
const FRAME = /^\s*(START TRANSACTION|COMMIT|ROLLBACK|SET LOCAL|SAVEPOINT|RELEASE SAVEPOINT)\b/;

/**
 * Calls a method of the application and collects the statements that it sends. They do not reach the database: each
 * statement gets its answer here.
 *
 * @param application a Nest application context.
 * @param options.call the class and the name of the method.
 * @param options.args makes the arguments from the manager of an open transaction.
 * @param options.answer makes the answer to the statement with a number, from 0.
 * @returns the texts of the statements in order, and the error with which the method ended, if it did.
 */
export async function recordStatements(application, dataSource, { call: [type, method], args, answer = () => [] }) {
  const texts = [];
  const createQueryRunner = dataSource.createQueryRunner;
  dataSource.createQueryRunner = (...mode) => {
    const runner = createQueryRunner.apply(dataSource, mode);
    runner.query = async (text, _parameters, isStructured) => {
      if (FRAME.test(text)) return [];
      const rows = answer(texts.push(text) - 1);
      return isStructured ? { raw: rows, records: rows, affected: 0 } : rows;
    };
    return runner;
  };
  let failure;
  try {
    await application.get(Transactions, { strict: false }).run(async (manager) => {
      const service = application.get(type, { strict: false });
      if (typeof service[method] !== 'function') throw new Error(`${type.name} has no method ${method}`);
      await service[method](...args(manager));
      // Hooks that wake workers run after a commit only.
      throw new RolledBack();
    });
  } catch (error) {
    // The code after the statement may fail on invented answers. That does not matter: the statement was sent.
    failure = error instanceof RolledBack ? undefined : error;
  } finally {
    dataSource.createQueryRunner = createQueryRunner;
  }
  return { texts, failure };
}

class RolledBack extends Error {}
