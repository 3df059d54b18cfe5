import { counted, roundTo } from '../common/wire.js';
import { arrayLiteral } from '../database/index.js';
import type { ConfigProperty, RuleToMeasure } from './evaluator.js';
import { MiscountedFindings } from './miscounted-findings.js';

/** The names of the settings that are numbers, including optional ones. */
type NumberSettings<Config> = {
  [Setting in keyof Config & string]: Config[Setting] extends number | undefined ? Setting : never;
}[keyof Config & string];

/**
 * The rules as parallel arrays for `unnest`: first the organisations, then each setting. A setting that is left out is
 * null.
 */
export function ruleColumns<Config>(
  rules: readonly RuleToMeasure<Config>[],
  ...settings: NumberSettings<Config>[]
): unknown[] {
  return [
    arrayLiteral(rules.map(({ organizationId }) => organizationId)),
    ...settings.map((setting) => arrayLiteral(rules.map(({ config }) => config[setting] as number | undefined))),
  ];
}

/**
 * Pairs each rule with its row. The statement returns the rows in the order of the rules.
 * @throws MiscountedFindings if the statement returned more or fewer rows, so that no row can be matched to its rule.
 */
export function pairRows<Config, Row, Result>(
  rules: readonly RuleToMeasure<Config>[],
  rows: readonly Row[],
  pair: (config: Config, row: Row) => Result,
): Result[] {
  if (rows.length !== rules.length) {
    throw new MiscountedFindings(
      `The statement answered ${counted(rows.length, 'row')} for ${counted(rules.length, 'rule')}`,
    );
  }
  return rows.map((row, index) => pair(rules[index]!.config, row));
}

/**
 * SQL of the instant `days` times 24 hours before `instant`. Seconds, unlike days, ignore changes to and from summer
 * time.
 */
export function daysBefore(instant: string, days: string): string {
  return `${instant}::timestamptz - make_interval(secs => ${days} * 86400.0)`;
}

/** Rounds to two decimals, for details and texts. Never returns negative zero. */
export function hundredths(value: number): number {
  return roundTo(value, 2) + 0;
}

/** A measured percentage as text, such as `62.5%`. */
export function percentage(value: number): string {
  return `${hundredths(value)}%`;
}

/** The setting that every counting type has: how many techniques make the rule fire. */
export function minimumCount(description: string, defaultCount: number, title = 'Minimum count'): ConfigProperty {
  return { type: 'integer', title, description, minimum: 1, maximum: 100_000, default: defaultCount };
}

/** Chooses the word for one thing, such as `has`, or for any other number, such as `have`. */
export function inNumber(count: number, singular: string, plural: string): string {
  return count === 1 ? singular : plural;
}

/** `T1003 (92.5), T1059 (75)`: each id with its value. */
export function annotated<Value>(
  ids: readonly string[],
  values: readonly Value[],
  format: (value: Value) => string,
): string {
  return ids.map((id, index) => `${id} (${format(values[index]!)})`).join(', ');
}

/** The day of an instant in UTC, as `YYYY-MM-DD`. */
export function dayOf(instant: Date): string {
  return instant.toISOString().slice(0, 10);
}
