import { Inject, Injectable } from '@nestjs/common';
import { Ajv, type ErrorObject, type ValidateFunction } from 'ajv';
import { invalidField, invalidInput, type FieldError } from '../common/errors/index.js';
import type { ChangeKind, TechniqueScope } from '../posture/index.js';
import { definitionProblems } from './definition-problems.js';
import { EVALUATORS, type Evaluator, type RuleConfig, type RuleTypeDefinition } from './evaluator.js';

interface Registered {
  evaluator: Evaluator;
  validate: ValidateFunction;
}

/**
 * The rule types that this process knows. The constructor throws if two evaluators have the same type or a definition
 * is incomplete, so such a build does not start.
 */
@Injectable()
export class EvaluatorRegistry {
  private readonly registered = new Map<string, Registered>();

  constructor(@Inject(EVALUATORS) evaluators: readonly Evaluator[]) {
    const ajv = new Ajv({ allErrors: true, useDefaults: true, strict: true, coerceTypes: false });
    // An annotation for forms. It constrains nothing.
    ajv.addKeyword({ keyword: 'optional', schemaType: 'boolean' });
    for (const evaluator of evaluators) this.register(evaluator, ajv);
  }

  private register(evaluator: Evaluator, ajv: Ajv): void {
    const { definition } = evaluator;
    const name = `The rule type ${String(definition?.type)}`;
    const problems = definitionProblems(definition);
    if (problems.length > 0) throw new Error(`${name} is incomplete: ${problems.join('; ')}`);
    if (this.registered.has(definition.type)) throw new Error(`${name} is registered twice`);
    try {
      this.registered.set(definition.type, { evaluator, validate: ajv.compile(definition.configSchema) });
    } catch (error) {
      throw new Error(`${name} has a config schema that does not compile: ${(error as Error).message}`, {
        cause: error,
      });
    }
  }

  has(type: string): boolean {
    return this.registered.has(type);
  }

  /** @throws DomainError `invalid_input` on the field `rule_type`, naming the known types. */
  get(type: string): Evaluator {
    return this.find(type).evaluator;
  }

  /** In the order of registration. */
  definitions(): RuleTypeDefinition[] {
    return [...this.registered.values()].map(({ evaluator }) => evaluator.definition);
  }

  /** The names of the settings of all types. */
  settings(): string[] {
    return [...new Set(this.definitions().flatMap(({ configSchema }) => Object.keys(configSchema.properties)))];
  }

  /** The types whose rules may measure something else after changes of these kinds. */
  affectedTypes(kinds: readonly ChangeKind[]): string[] {
    return this.definitions()
      .filter(({ affectedBy }) => affectedBy.some((kind) => kinds.includes(kind)))
      .map(({ type }) => type);
  }

  /**
   * Returns the config of a rule of this type, with defaults for missing settings and without optional settings that
   * are null. The argument is not changed.
   * @throws DomainError `invalid_input` on each faulty field, such as `config.min_count`.
   */
  completeConfig(type: string, config: unknown): RuleConfig {
    const { evaluator, validate } = this.find(type);
    const { definition } = evaluator;
    const settings = Object.keys(definition.configSchema.properties);
    if (!isPlainObject(config)) {
      throw invalidField('config', `must be an object with the settings of ${type}: ${settings.join(', ')}`);
    }
    const complete = withoutNulls(definition, structuredClone(config));
    if (!validate(complete)) throw invalidInput(fieldErrors(definition, validate.errors ?? []));
    const known = Object.fromEntries(
      settings.filter((setting) => setting in complete).map((setting) => [setting, complete[setting]]),
    ) as RuleConfig;
    throwIfAny(evaluator.configProblems?.(known));
    return known;
  }

  /**
   * Returns the config of a rule after a change. Null removes an optional setting, and leaves any other as it is.
   * @throws DomainError as in {@link completeConfig}.
   */
  changedConfig(type: string, before: Record<string, unknown>, changes: Record<string, unknown>): RuleConfig {
    const { properties } = this.find(type).evaluator.definition.configSchema;
    const isLeftAlone = ([setting, value]: [string, unknown]): boolean =>
      value === null && Object.hasOwn(properties, setting) && properties[setting]!.optional !== true;
    const given = Object.fromEntries(Object.entries(changes).filter((entry) => !isLeftAlone(entry)));
    return this.completeConfig(type, { ...before, ...given });
  }

  /**
   * Checks that a rule of this type may have this config together with this scope.
   * @param config complete.
   * @throws DomainError `invalid_input` on each faulty setting.
   */
  checkScope(type: string, config: RuleConfig, scope: TechniqueScope | null): void {
    if (scope !== null) throwIfAny(this.find(type).evaluator.scopeProblems?.(config));
  }

  private find(type: string): Registered {
    const found = this.registered.get(type);
    if (!found) throw invalidField('rule_type', `must be one of ${[...this.registered.keys()].join(', ')}`);
    return found;
  }
}

function throwIfAny(problems: Record<string, string> = {}): void {
  const errors = Object.entries(problems).map(([setting, message]) => ({ field: `config.${setting}`, message }));
  if (errors.length > 0) throw invalidInput(errors);
}

/** Null removes an optional setting. */
function withoutNulls({ configSchema }: RuleTypeDefinition, config: Record<string, unknown>): Record<string, unknown> {
  const isOff = ([setting, value]: [string, unknown]): boolean =>
    value === null &&
    Object.hasOwn(configSchema.properties, setting) &&
    configSchema.properties[setting]!.optional === true;
  return Object.fromEntries(Object.entries(config).filter((entry) => !isOff(entry)));
}

function isPlainObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** One error for each field. Ajv may report several for one value, and each would have the same message. */
function fieldErrors(definition: RuleTypeDefinition, errors: readonly ErrorObject[]): FieldError[] {
  const byField = new Map<string, FieldError>();
  for (const error of errors) {
    const setting =
      error.keyword === 'additionalProperties'
        ? String(error.params.additionalProperty)
        : error.instancePath.split('/')[1]!;
    byField.set(setting, { field: `config.${setting}`, message: expectedValue(definition, setting) });
  }
  return [...byField.values()];
}

function expectedValue({ type, configSchema }: RuleTypeDefinition, setting: string): string {
  const settings = Object.keys(configSchema.properties);
  const property = settings.includes(setting) ? configSchema.properties[setting] : undefined;
  if (!property) return `is not a setting of ${type}, which takes ${settings.join(', ')}`;
  const orOff = property.optional ? ', or null' : '';
  if (property.type === 'boolean') return `must be true or false${orOff}`;
  if (property.type === 'array') return `must be a list of one or more of ${property.items.enum.join(', ')}${orOff}`;
  const kind = property.type === 'integer' ? 'a whole number' : 'a number';
  return `must be ${kind} from ${property.minimum} to ${property.maximum}${orOff}`;
}
