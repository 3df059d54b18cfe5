import type { PostureReader } from '../posture/index.js';
import type { Evaluator, Finding } from './evaluator.js';
import { measureRules } from './measure-rules.js';
import { pairRows } from './measuring.js';

const finding: Finding = { measured: 1, threshold: 1, breached: false, details: {}, alert: null };

/** Answers one row, however many rules it is asked about. */
function oneRowEvaluator(): { evaluator: Evaluator; statements: () => number } {
  let statements = 0;
  const evaluator = {
    definition: { type: 'one_row' },
    measure(rules: Parameters<Evaluator['measure']>[0]) {
      statements += 1;
      return Promise.resolve().then(() => pairRows(rules, [{}], () => finding));
    },
  } as unknown as Evaluator;
  return { evaluator, statements: () => statements };
}

const reader = { isolated: (work: () => Promise<unknown>) => work() } as unknown as PostureReader;
const rules = ['a', 'b', 'c'].map((ruleId) => ({ ruleId, organizationId: 'o', config: {}, scope: null }));

describe('a statement that answers another number of rows than it was asked for', () => {
  it('fails every rule of the type and says the numbers', async () => {
    const { evaluator } = oneRowEvaluator();

    expect(await measureRules(evaluator, rules, new Date(), reader)).toEqual(
      rules.map(() => ({ kind: 'failed', error: 'The statement answered 1 row for 3 rules' })),
    );
  });

  it('is not run again for one rule at a time, where it would seem to be right', async () => {
    const { evaluator, statements } = oneRowEvaluator();
    await measureRules(evaluator, rules, new Date(), reader);

    expect(statements()).toBe(1);
  });
});
