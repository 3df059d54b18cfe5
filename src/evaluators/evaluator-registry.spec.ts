import { describe, expect, it } from '@jest/globals';
import { DomainError } from '../common/errors/index.js';
import { EvaluatorRegistry } from './evaluator-registry.js';
import type { ConfigProperty, Evaluator, RuleTypeDefinition } from './evaluator.js';
import { HighRiskEvaluator } from './high-risk/high-risk.evaluator.js';
import { LowCoverageEvaluator } from './low-coverage/low-coverage.evaluator.js';

function evaluatorOf(changes: Partial<RuleTypeDefinition>): Evaluator {
  return { definition: { ...new HighRiskEvaluator().definition, ...changes }, measure: async () => [] };
}

function evaluatorWithProperty(changes: Partial<Record<keyof ConfigProperty | 'format', unknown>>): Evaluator {
  const { configSchema } = new HighRiskEvaluator().definition;
  const min_count = { ...configSchema.properties.min_count, ...changes } as ConfigProperty;
  return evaluatorOf({ configSchema: { ...configSchema, properties: { ...configSchema.properties, min_count } } });
}

const registry = new EvaluatorRegistry([new HighRiskEvaluator(), new LowCoverageEvaluator()]);

function fieldErrorsOf(work: () => unknown): DomainError['fields'] {
  try {
    work();
  } catch (error) {
    if (error instanceof DomainError && error.code === 'invalid_input') return error.fields;
    throw error;
  }
  throw new Error('it was accepted');
}

describe('registering', () => {
  it('refuses two evaluators of one type', () => {
    const twice = () =>
      new EvaluatorRegistry([new HighRiskEvaluator(), new LowCoverageEvaluator(), new HighRiskEvaluator()]);
    expect(twice).toThrow('The rule type high_risk is registered twice');
  });

  it.each<[string, Evaluator, string]>([
    ['no definition', { measure: async () => [] } as unknown as Evaluator, 'no definition'],
    ['a type in camel case', evaluatorOf({ type: 'highRisk' }), 'type must be snake_case'],
    ['an empty type', evaluatorOf({ type: '' }), 'type must be snake_case'],
    ['no name', evaluatorOf({ name: ' ' }), 'name is missing'],
    ['no description', evaluatorOf({ description: '' }), 'description is missing'],
    ['no kind of change that affects it', evaluatorOf({ affectedBy: [] }), 'affectedBy is missing'],
    ['an unknown kind of change', evaluatorOf({ affectedBy: ['weather' as never] }), 'affectedBy takes posture'],
    ['no schema', evaluatorOf({ configSchema: undefined }), 'configSchema must describe'],
    [
      'a schema that takes anything',
      evaluatorOf({ configSchema: { type: 'object', additionalProperties: true as never, properties: {} } }),
      'configSchema must describe',
    ],
    [
      'a schema without properties',
      evaluatorOf({ configSchema: { type: 'object', additionalProperties: false, properties: {} } }),
      'configSchema has no properties',
    ],
    ['a setting without a title', evaluatorWithProperty({ title: undefined }), 'min_count: title is missing'],
    [
      'a setting without a description',
      evaluatorWithProperty({ description: '' }),
      'min_count: description is missing',
    ],
    ['a setting without a default', evaluatorWithProperty({ default: undefined }), 'min_count: default is missing'],
    ['a default out of bounds', evaluatorWithProperty({ default: 0 }), 'min_count: default is out of bounds'],
    [
      'a fraction as the default of a whole number',
      evaluatorWithProperty({ default: 1.5 }),
      'min_count: default is not a whole number',
    ],
    ['a setting without a bound', evaluatorWithProperty({ maximum: undefined }), 'min_count: minimum and maximum'],
    [
      'a minimum above the maximum',
      evaluatorWithProperty({ minimum: 9, maximum: 1 }),
      'min_count: minimum and maximum',
    ],
    ['a setting of text', evaluatorWithProperty({ type: 'string' }), 'min_count: type must be number or integer'],
    ['a schema that does not compile', evaluatorWithProperty({ format: 'no-such-format' }), 'does not compile'],
  ])('refuses %s', (_what, evaluator, problem) => {
    expect(() => new EvaluatorRegistry([evaluator])).toThrow(problem);
  });
});

describe('looking up', () => {
  it('lists its types in the order of registration', () => {
    expect(registry.definitions().map(({ type }) => type)).toEqual(['high_risk', 'low_coverage']);
    expect(registry.has('high_risk')).toBe(true);
    expect(registry.has('toString')).toBe(false);
    expect(registry.get('low_coverage')).toBeInstanceOf(LowCoverageEvaluator);
  });

  it('names the known types when the requested type is unknown', () => {
    expect(fieldErrorsOf(() => registry.get('high-risk'))).toEqual([
      { field: 'rule_type', message: 'must be one of high_risk, low_coverage' },
    ]);
  });

  it('returns the types that a change may affect', () => {
    const mixed = new EvaluatorRegistry([
      new HighRiskEvaluator(),
      evaluatorOf({ type: 'of_snapshots', affectedBy: ['snapshot'] }),
    ]);
    expect(mixed.affectedTypes(['posture'])).toEqual(['high_risk']);
    expect(mixed.affectedTypes(['queue', 'snapshot'])).toEqual(['of_snapshots']);
    expect(mixed.affectedTypes(['catalogue', 'snapshot'])).toEqual(['high_risk', 'of_snapshots']);
    expect(mixed.affectedTypes(['queue'])).toEqual([]);
    expect(mixed.affectedTypes([])).toEqual([]);
  });
});

describe('completing a config', () => {
  it('fills in defaults without changing its argument', () => {
    const given = { min_count: 3 };
    expect(registry.completeConfig('high_risk', given)).toEqual({ min_risk_score: 75, min_count: 3 });
    expect(given).toEqual({ min_count: 3 });
    expect(registry.completeConfig('high_risk', {})).toEqual({ min_risk_score: 75, min_count: 1 });
  });

  it('leaves out optional settings that are missing or null', () => {
    const evaluator = evaluatorOf({
      type: 'of_choices',
      configSchema: {
        type: 'object',
        additionalProperties: false,
        properties: {
          days: { type: 'integer', title: 'Days', description: 'How many.', minimum: 1, maximum: 9, optional: true },
          once: { type: 'boolean', title: 'Once', description: 'Whether once.', optional: true },
          kinds: {
            type: 'array',
            title: 'Kinds',
            description: 'Which kinds.',
            items: { type: 'string', enum: ['major', 'minor'] },
            minItems: 1,
            uniqueItems: true,
            optional: true,
          },
        },
      },
    });
    const optional = new EvaluatorRegistry([evaluator]);
    expect(optional.completeConfig('of_choices', { days: null, once: null, kinds: null })).toEqual({});
    const given = { days: 2, once: false, kinds: ['minor'] };
    expect(optional.completeConfig('of_choices', given)).toEqual(given);
    expect(
      fieldErrorsOf(() => optional.completeConfig('of_choices', { days: 0, once: 1, kinds: ['minor', 'x'] })),
    ).toEqual([
      { field: 'config.days', message: 'must be a whole number from 1 to 9, or null' },
      { field: 'config.once', message: 'must be true or false, or null' },
      { field: 'config.kinds', message: 'must be a list of one or more of major, minor, or null' },
    ]);
  });

  it.each([
    [{ min_risk_score: 0, min_count: 1 }],
    [{ min_risk_score: 100, min_count: 100_000 }],
    [{ min_risk_score: 62.5, min_count: 2 }],
  ])('accepts %j unchanged', (config) => {
    expect(registry.completeConfig('high_risk', config)).toEqual(config);
  });

  it.each([[0], [-1], [100_001], [1.5], ['3'], [null], [true], [[1]], [{}], [Number.NaN], [Number.POSITIVE_INFINITY]])(
    'refuses a count of %p',
    (min_count) => {
      expect(fieldErrorsOf(() => registry.completeConfig('high_risk', { min_count }))).toEqual([
        { field: 'config.min_count', message: 'must be a whole number from 1 to 100000' },
      ]);
    },
  );

  it.each([[-0.01], [100.01], ['75'], [null]])('refuses a risk score of %p', (min_risk_score) => {
    expect(fieldErrorsOf(() => registry.completeConfig('high_risk', { min_risk_score }))).toEqual([
      { field: 'config.min_risk_score', message: 'must be a number from 0 to 100' },
    ]);
  });

  it('names every faulty setting, including misspelt ones', () => {
    const config = JSON.parse('{"min_cuont": 3, "min_risk_score": 101, "__proto__": 1}') as unknown;
    const errors = fieldErrorsOf(() => registry.completeConfig('high_risk', config));
    const takes = 'is not a setting of high_risk, which takes min_risk_score, min_count';
    expect([...errors].sort((a, b) => a.field.localeCompare(b.field))).toEqual([
      { field: 'config.__proto__', message: takes },
      { field: 'config.min_cuont', message: takes },
      { field: 'config.min_risk_score', message: 'must be a number from 0 to 100' },
    ]);
  });

  it.each([[null], [undefined], [[]], [[{ min_count: 3 }]], ['{"min_count": 3}'], [3]])(
    'refuses %j as a config',
    (config) => {
      expect(fieldErrorsOf(() => registry.completeConfig('high_risk', config))).toEqual([
        { field: 'config', message: 'must be an object with the settings of high_risk: min_risk_score, min_count' },
      ]);
    },
  );

  it('refuses a config of an unknown type', () => {
    expect(fieldErrorsOf(() => registry.completeConfig('gone', {}))[0]?.field).toBe('rule_type');
  });
});
