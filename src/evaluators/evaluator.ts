import type { PostureReader, PostureRelations } from '../posture/index.js';
import type { ChangeKind } from '../posture/index.js';

/** The token under which every evaluator is collected. */
export const EVALUATORS = Symbol('EVALUATORS');

/** What the values of a rule's config must be: a JSON Schema (draft 7) that is also the source of the form. */
export interface ConfigSchema {
  type: 'object';
  additionalProperties: false;
  /** Every property has a default, so that a config may be given in part. */
  properties: Record<string, ConfigProperty>;
}

export interface ConfigProperty {
  type: 'number' | 'integer';
  /** Label of the field in a form. */
  title: string;
  /** What it does, as a sentence, with its unit. */
  description: string;
  minimum: number;
  maximum: number;
  default: number;
}

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
  /** The alert's words; null unless it breaches. */
  alert: { title: string; message: string } | null;
}

/** The techniques behind what a rule measures, so that an alert can tell which have come and which have gone since the measurement before. */
export interface CountedTechniques<Config> {
  /** The settings that decide on a technique, with the SQL types of their values. */
  settings: { [Setting in keyof Config]?: 'integer' | 'float8' };
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
export interface Evaluator<Config = Record<string, number>> {
  readonly definition: RuleTypeDefinition;
  /** Left out where no technique stands behind what is measured; alerts of the type are then not explained. */
  readonly counted?: CountedTechniques<Config>;
  /** @returns one finding a rule, in the order of `rules`. Throws when the statement fails. */
  measure(rules: readonly RuleToMeasure<Config>[], at: Date, posture: PostureReader): Promise<Finding[]>;
}
