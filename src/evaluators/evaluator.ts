import type { PostureReader, PostureRelations, ChangeKind } from '../posture/index.js';

/** The token under which every evaluator is collected. */
export const EVALUATORS = Symbol('EVALUATORS');

/** What the values of a rule's config must be: a JSON Schema (draft 7) that is also the source of the form. */
export interface ConfigSchema {
  type: 'object';
  additionalProperties: false;
  /** A property has a default, so that a config may be given in part, or is optional: left out, what it sets is off. */
  properties: Record<string, ConfigSetting>;
}

export type ConfigSetting = ConfigProperty | FlagProperty | ChoicesProperty;

interface DescribedProperty {
  /** Label of the field in a form. */
  title: string;
  /** What it does, as a sentence, with its unit. */
  description: string;
}

export interface ConfigProperty extends DescribedProperty {
  type: 'number' | 'integer';
  minimum: number;
  maximum: number;
  default?: number;
  /** It has no default then. In a config, null says that it is left out. */
  optional?: true;
}

/** Yes or no; left out, no. */
export interface FlagProperty extends DescribedProperty {
  type: 'boolean';
  optional: true;
}

/** Some of a number of words; left out, all of them. */
export interface ChoicesProperty extends DescribedProperty {
  type: 'array';
  items: { type: 'string'; enum: readonly string[] };
  minItems: 1;
  uniqueItems: true;
  optional: true;
}

/** A config that is complete: optional settings that were not given are not there. */
export type RuleConfig = Record<string, ConfigValue>;
export type ConfigValue = number | boolean | readonly string[] | undefined;

/** A rule type as users see it. */
export interface RuleTypeDefinition {
  /** Stable snake_case code, such as `high_risk`. */
  type: string;
  name: string;
  description: string;
  configSchema: ConfigSchema;
  /** The changes of posture after which a rule of this type may come out differently. */
  affectedBy: readonly ChangeKind[];
}

/** A rule to be measured. Its config is complete and valid. */
export interface RuleToMeasure<Config> {
  ruleId: string;
  organizationId: string;
  config: Config;
}

/** What an evaluator hands back: facts. Whether an alert opens is decided elsewhere. */
export interface Finding {
  /** The value that is compared, in the unit of the type; null when there was nothing to measure, which never breaches. */
  measured: number | null;
  /** What it is compared with. */
  threshold: number;
  breached: boolean;
  /** The evidence, in snake_case: at least the keys that the type documents. Lists of evidence are only filled in when it breaches. */
  details: Record<string, unknown>;
  /** What is told of once, such as a release, where the rule says so: a rule that fired for it does not fire for it again. */
  occasion?: string | null;
  /** The alert's words; null unless it breaches. */
  alert: { title: string; message: string } | null;
}

/** The techniques behind what a rule measures, so that an alert can tell which have come and which have gone since the measurement before. */
export interface CountedTechniques<Config> {
  /** The settings that decide on a technique, with the SQL types of their values: a list of words is a text with commas between them, and what is left out is null. */
  settings: { [Setting in keyof Config]?: 'integer' | 'float8' | 'text' };
  /**
   * SQL of the techniques of one rule: `SELECT technique_id, weight`, each technique once. The rule's `organization_id` and settings are columns of `r`. A technique
   * whose weight has grown has come.
   * @param at SQL of the instant.
   */
  select(relations: PostureRelations, at: string): string;
}

/**
 * Measures all given rules of one type, of any organisations, at one instant, in one SQL statement.
 * An evaluator keeps no state and writes nothing.
 */
export interface Evaluator<Config = RuleConfig> {
  readonly definition: RuleTypeDefinition;
  /** Left out where no technique stands behind what is measured; alerts of the type are then not explained. */
  readonly counted?: CountedTechniques<Config>;
  /** What settings that are valid by themselves must not be together, in words, by the setting to change. */
  configProblems?(config: Config): Record<string, string>;
  /** What a rule that is limited to a scope cannot have set, in words, by the setting. */
  scopeProblems?(config: Config): Record<string, string>;
  /** @returns one finding a rule, in the order of `rules`. Throws when the statement fails. */
  measure(rules: readonly RuleToMeasure<Config>[], at: Date, posture: PostureReader): Promise<Finding[]>;
}
