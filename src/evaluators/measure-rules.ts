import { counted } from '../common/wire.js';
import type { PostureReader } from '../posture/index.js';
import type { Evaluator, Finding } from './evaluator.js';
import { measureInScope, type RuleInScope } from './measure-in-scope.js';
import { MiscountedFindings } from './miscounted-findings.js';

/** The finding of one rule, or the reason why there is none. */
export type Measurement = { kind: 'measured'; finding: Finding } | FailedMeasurement;
export type FailedMeasurement = { kind: 'failed'; error: string };

/** Errors are stored on rules and shown in lists. */
const MAX_ERROR_LENGTH = 500;

/**
 * Measures rules of one type in one statement.
 * @returns one measurement for each rule, in the order of `rules`. Throws if the statement fails.
 */
export async function measureAll<Config>(
  evaluator: Evaluator<Config>,
  rules: readonly RuleInScope<Config>[],
  at: Date,
  reader: PostureReader,
): Promise<Measurement[]> {
  const findings = await measureInScope(evaluator, rules, at, reader);
  if (findings.length !== rules.length) throw new MiscountedFindings(wrongCountMessage(evaluator, findings, rules));
  return findings.map((finding) => ({ kind: 'measured', finding }));
}

/**
 * Measures rules of one type in one statement, within a savepoint. If that fails, measures one rule at a time, so that
 * an error affects only the rule that causes it.
 * @returns one measurement for each rule, in the order of `rules`.
 */
export async function measureRules<Config>(
  evaluator: Evaluator<Config>,
  rules: readonly RuleInScope<Config>[],
  at: Date,
  reader: PostureReader,
): Promise<Measurement[]> {
  if (rules.length === 0) return [];
  try {
    return await reader.isolated(() => measureAll(evaluator, rules, at, reader));
  } catch (error) {
    if (rules.length === 1 || error instanceof MiscountedFindings) return rules.map(() => failed(error));
  }
  const separate: Measurement[] = [];
  for (const rule of rules) separate.push(...(await measureRules(evaluator, [rule], at, reader)));
  return separate;
}

function wrongCountMessage<Config>(
  { definition }: Evaluator<Config>,
  findings: readonly Finding[],
  rules: readonly unknown[],
): string {
  return `The evaluator of ${definition.type} answered ${counted(findings.length, 'finding')} for ${counted(rules.length, 'rule')}`;
}

/** The error text that is safe to show: the driver's message, without the statement and its parameters. */
export function failed(error: unknown): FailedMeasurement {
  const message = (error instanceof Error ? error.message : String(error)).replace(/\s+/g, ' ').trim();
  const text = message === '' ? 'The measurement failed without a message' : message;
  return { kind: 'failed', error: text.length > MAX_ERROR_LENGTH ? `${text.slice(0, MAX_ERROR_LENGTH - 1)}…` : text };
}
