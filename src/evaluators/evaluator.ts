import type { PostureReader, PostureRelations, ChangeKind } from '../posture/index.js';

/** The injection token of the list of all evaluators. */
export const EVALUATORS = Symbol('EVALUATORS');

/** JSON Schema (draft 7) of a rule's config. Forms are built from it too. */
export interface ConfigSchema {
  type: 'object';
  additionalProperties: false;
  /**
   * Each property has a default or is optional, so a config may be given in part. An optional setting that is left out
   * is off.
   */
  properties: Record<string, ConfigSetting>;
}

export type ConfigSetting = ConfigProperty | FlagProperty | ChoicesProperty;

interface DescribedProperty {
  /** Label of the form field. */
  title: string;
  /** What the setting does, in a sentence with its unit. */
  description: string;
}

export interface ConfigProperty extends DescribedProperty {
  type: 'number' | 'integer';
  minimum: number;
  maximum: number;
  default?: number;
  /** An optional setting has no default. In a config, null removes it. */
  optional?: true;
}

/** Yes or no; no if left out. */
export interface FlagProperty extends DescribedProperty {
  type: 'boolean';
  optional: true;
}

/** A selection from a list of words; all of them if left out. */
export interface ChoicesProperty extends DescribedProperty {
  type: 'array';
  items: { type: 'string'; enum: readonly string[] };
  minItems: 1;
  uniqueItems: true;
  optional: true;
}

/** A complete config. Optional settings that were not given are absent. */
export type RuleConfig = Record<string, ConfigValue>;
export type ConfigValue = number | boolean | readonly string[] | undefined;

/** A rule type as users see it. */
export interface RuleTypeDefinition {
  /** Stable snake_case code, such as `high_risk`. */
  type: string;
  name: string;
  description: string;
  configSchema: ConfigSchema;
  /** The kinds of posture change after which a rule of this type may measure something else. */
  affectedBy: readonly ChangeKind[];
}

/** A rule to measure. Its config is complete and valid. */
export interface RuleToMeasure<Config> {
  ruleId: string;
  organizationId: string;
  config: Config;
}

/** The facts that an evaluator returns. The decision to open an alert is made elsewhere. */
export interface Finding {
  /** The compared value, in the unit of the type. Null if there was nothing to measure; null never breaches. */
  measured: number | null;
  /** The value that `measured` is compared with. */
  threshold: number;
  breached: boolean;
  /**
   * The evidence, in snake_case, with at least the keys that the type documents. Lists are filled in only if it
   * breaches.
   */
  details: Record<string, unknown>;
  /**
   * Something that a rule reports only once, such as a release. A rule that fired for it does not fire for it again.
   */
  occasion?: string | null;
  /** The text of the alert; null unless it breaches. */
  alert: { title: string; message: string } | null;
}

/**
 * The techniques that a rule counts. An alert is explained by those that were added or removed since the last
 * measurement.
 */
export interface CountedTechniques<Config> {
  /**
   * The settings that select techniques, with the SQL type of each value. A list of words is one text with commas; a
   * setting that is left out is null.
   */
  settings: { [Setting in keyof Config]?: 'integer' | 'float8' | 'text' };
  /**
   * SQL of the techniques of one rule: `SELECT technique_id, weight`, each technique once. The relation `r` has the
   * rule's `organization_id` and settings as columns. A technique whose weight has grown counts as added.
   * @param at SQL of the instant.
   */
  select(relations: PostureRelations, at: string): string;
}

/**
 * Measures all given rules of one type, of any organisations, at one instant, in one SQL statement (ADR 0001). An
 * evaluator keeps no state and writes nothing.
 */
export interface Evaluator<Config = RuleConfig> {
  readonly definition: RuleTypeDefinition;
  /** Absent if the type does not count techniques. Alerts of such a type are not explained. */
  readonly counted?: CountedTechniques<Config>;
  /** Messages about settings that are valid alone but not together, by the name of the setting to change. */
  configProblems?(config: Config): Record<string, string>;
  /** Messages about settings that a rule with a scope cannot have, by the name of the setting. */
  scopeProblems?(config: Config): Record<string, string>;
  /** @returns one finding for each rule, in the order of `rules`. Throws if the statement fails. */
  measure(rules: readonly RuleToMeasure<Config>[], at: Date, posture: PostureReader): Promise<Finding[]>;
}
