import { afterAll, beforeAll, beforeEach, expect, it } from '@jest/globals';
import { DataSource } from 'typeorm';
import { newId } from '../../src/common/ids.js';
import { HighRiskEvaluator } from '../../src/evaluators/high-risk/high-risk.evaluator.js';
import {
  EVALUATORS,
  EvaluatorRegistry,
  RuleMeasurer,
  type Evaluator,
  type Finding,
  type Measurement,
  type RuleToMeasure,
  type RuleTypeDefinition,
  type StoredRule,
} from '../../src/evaluators/index.js';
import { LivePostureReader, type PostureReader } from '../../src/posture/reading/posture-reader.js';
import { CountingReader } from '../support/evaluator-world.js';
import { anOrganization, aPosture, aTechnique } from '../support/factories.js';
import { NOW, startTestModule, type TestContext } from '../support/test-module.js';

function definition(type: string): RuleTypeDefinition {
  const property = {
    type: 'number',
    title: 'Divisor',
    description: 'Zero makes the statement fail.',
    minimum: 0,
    maximum: 9,
    default: 1,
  };
  return {
    type,
    name: type,
    description: 'For this test only.',
    configSchema: {
      type: 'object',
      additionalProperties: false,
      properties: { divisor: { ...property, type: 'number' } },
    },
    affectedBy: ['posture'],
  };
}

function plainFinding(measured: number): Finding {
  return { measured, threshold: 1, breached: false, details: {}, alert: null };
}

/** Divides by its setting, so that one rule can make the statement of all rules fail. */
class DividingEvaluator implements Evaluator {
  readonly definition = definition('dividing');

  async measure(
    rules: readonly RuleToMeasure<Record<string, number>>[],
    _at: Date,
    posture: PostureReader,
  ): Promise<Finding[]> {
    const rows = await posture.query<{ quotient: number }>(
      'SELECT 12 / r.divisor AS quotient FROM unnest($1::float8[]) WITH ORDINALITY AS r (divisor, ord) ORDER BY r.ord',
      [rules.map(({ config }) => config.divisor)],
    );
    return rows.map(({ quotient }) => plainFinding(quotient));
  }
}

/** Returns one finding too few. */
class ForgetfulEvaluator implements Evaluator {
  readonly definition = definition('forgetful');

  async measure(rules: readonly RuleToMeasure<Record<string, number>>[]): Promise<Finding[]> {
    return rules.slice(1).map(() => plainFinding(0));
  }
}

/** Fails with a long message that contains line breaks. */
class VerboseEvaluator implements Evaluator {
  readonly definition = definition('verbose');

  measure(): Promise<Finding[]> {
    return Promise.reject(new Error(`it failed\n  ${'at length '.repeat(200)}`));
  }
}

let context: TestContext;
let organizations: string[];

beforeAll(async () => {
  const evaluators = [
    new HighRiskEvaluator(),
    new DividingEvaluator(),
    new ForgetfulEvaluator(),
    new VerboseEvaluator(),
  ];
  context = await startTestModule([], {
    providers: [{ provide: EVALUATORS, useValue: evaluators }, EvaluatorRegistry, RuleMeasurer],
  });
  const techniqueId = await aTechnique(context.database, { attackId: 'T1001' });
  organizations = [await anOrganization(context.database), await anOrganization(context.database)];
  await aPosture(context.database, organizations[0]!, techniqueId, { riskScore: 80 });
});

afterAll(() => context.close());

let statements: number;

beforeEach(() => {
  statements = 0;
});

function rule(ruleType: string, config: unknown, organization = 0): StoredRule {
  return {
    ruleId: newId(),
    organizationId: organizations[organization]!,
    ruleType,
    config: JSON.stringify(config),
    scope: null,
  };
}

/** Measures in one transaction, and checks that the transaction is still usable. */
async function measure(rules: StoredRule[]): Promise<Measurement[]> {
  return context.module.get(DataSource).transaction(async (manager) => {
    const reader = new CountingReader(new LivePostureReader(manager));
    const measurements = await context.module.get(RuleMeasurer).measure(rules, NOW, reader);
    statements = reader.statements;
    expect(await manager.query('SELECT 1 AS one')).toEqual([{ one: 1 }]);
    expect(measurements.size).toBe(rules.length);
    return rules.map(({ ruleId }) => measurements.get(ruleId)!);
  });
}

function measured(measurement: Measurement | undefined): number | null | undefined {
  return measurement?.kind === 'measured' ? measurement.finding.measured : undefined;
}

it('measures rules of several types with one statement for each type', async () => {
  const measurements = await measure([
    rule('dividing', { divisor: 4 }),
    rule('high_risk', {}, 0),
    rule('dividing', { divisor: 3 }, 1),
    rule('high_risk', { min_risk_score: 10 }, 1),
  ]);
  expect(measurements.map(measured)).toEqual([3, 1, 4, 0]);
  expect(statements).toBe(2);
});

it('limits an error to the rule that causes it', async () => {
  const measurements = await measure([
    rule('dividing', { divisor: 4 }, 0),
    rule('dividing', { divisor: 0 }, 1),
    rule('dividing', { divisor: 3 }, 1),
    rule('high_risk', {}, 0),
  ]);
  expect(measurements[1]).toEqual({ kind: 'failed', error: 'division by zero' });
  expect([0, 2, 3].map((index) => measured(measurements[index]))).toEqual([3, 4, 1]);
  // All types at once, which stops at the first; then that type again and its three rules separately; then the other
  // type.
  expect(statements).toBe(1 + 1 + 3 + 1);
});

it('does not measure a rule again if it failed alone', async () => {
  expect(await measure([rule('dividing', { divisor: 0 })])).toEqual([{ kind: 'failed', error: 'division by zero' }]);
  expect(statements).toBe(1);
});

it('fails only the rule whose stored config is no longer valid', async () => {
  const measurements = await measure([
    rule('high_risk', { min_count: 0 }),
    rule('high_risk', { retired_setting: 1 }),
    rule('high_risk', null),
    rule('high_risk', { min_count: 1 }),
  ]);
  expect(measurements.slice(0, 3)).toEqual([
    { kind: 'failed', error: 'config.min_count must be a whole number from 1 to 100000' },
    {
      kind: 'failed',
      error: 'config.retired_setting is not a setting of high_risk, which takes min_risk_score, min_count',
    },
    { kind: 'failed', error: 'config must be an object with the settings of high_risk: min_risk_score, min_count' },
  ]);
  expect(measured(measurements[3])).toBe(1);
  expect(statements).toBe(1);
});

it('fails only the rule whose stored scope cannot be read', async () => {
  const withScope = (scope: unknown): StoredRule => ({ ...rule('high_risk', {}), scope: JSON.stringify(scope) });
  const measurements = await measure([
    withScope({ tactics: 'execution' }),
    withScope({ owners: ['not an id'] }),
    withScope({ tactics: ['execution'] }),
    withScope({ tactics: ['a tactic that is gone'] }),
    rule('high_risk', {}),
  ]);
  expect(measurements.map(({ kind }) => kind)).toEqual(['failed', 'failed', 'measured', 'measured', 'measured']);
  expect(measurements.slice(2).map(measured)).toEqual([1, 0, 1]);
});

it('fails only the rule whose type no longer exists', async () => {
  const measurements = await measure([rule('retired_type', {}), rule('dividing', { divisor: 2 })]);
  expect(measurements[0]).toEqual({
    kind: 'failed',
    error: 'rule_type must be one of high_risk, dividing, forgetful, verbose',
  });
  expect(measured(measurements[1])).toBe(6);
});

it('fails all rules of an evaluator that returns too few findings, and no rule of another type', async () => {
  const measurements = await measure([rule('forgetful', {}), rule('dividing', {}), rule('forgetful', {}, 1)]);
  const error = 'The evaluator of forgetful answered 1 finding for 2 rules';
  expect([measurements[0], measurements[2]]).toEqual([
    { kind: 'failed', error },
    { kind: 'failed', error },
  ]);
  expect(measured(measurements[1])).toBe(12);
});

it('stores an error as one line of at most 500 characters', async () => {
  const [measurement] = await measure([rule('verbose', {})]);
  const { error } = measurement as Measurement & { kind: 'failed' };
  expect(error).toMatch(/^it failed at length at length/);
  expect(error).toHaveLength(500);
  expect(error).not.toContain('\n');
});

it('runs no statement without rules', async () => {
  expect(await measure([])).toEqual([]);
  expect(statements).toBe(0);
});
