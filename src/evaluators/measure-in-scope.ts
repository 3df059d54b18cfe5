import {
  ScopedPostureReader,
  scopeInWords,
  type PostureReader,
  type ScopedRule,
  type TechniqueScope,
} from '../posture/index.js';
import type { Evaluator, Finding, RuleToMeasure } from './evaluator.js';

/** A rule to be measured within a scope; null: not limited. */
export interface RuleInScope<Config> extends RuleToMeasure<Config> {
  scope: TechniqueScope | null;
}

/**
 * Measures rules of one type in one statement, each within its scope. Evaluators know nothing of scopes: see {@link ScopedPostureReader}. Where no rule is limited,
 * they read just what they would without.
 * @returns one finding a rule, in the order of `rules`, which says its scope in details and words. Throws when the statement fails.
 */
export async function measureInScope<Config>(
  evaluator: Evaluator<Config>,
  rules: readonly RuleInScope<Config>[],
  at: Date,
  reader: PostureReader,
): Promise<Finding[]> {
  const limited = limitedRules(rules);
  if (limited.length === 0) return evaluator.measure(rules, at, reader);
  const measured = rules.map((rule) => ({ ...rule, organizationId: measuredAs(rule) }));
  const findings = await evaluator.measure(measured, at, new ScopedPostureReader(reader, limited));
  return findings.map((finding, index) => withScope(finding, rules[index]?.scope ?? null));
}

type WithScope = Pick<RuleInScope<unknown>, 'ruleId' | 'organizationId' | 'scope'>;

/** The rules whose scope is not everything. */
export function limitedRules(rules: readonly WithScope[]): ScopedRule[] {
  return rules.flatMap(({ ruleId, organizationId, scope }) =>
    scope === null ? [] : { ruleId, organizationId, scope },
  );
}

/** The organisation as of which a rule is measured where relations are scoped: one that knows only what is within its scope. */
export function measuredAs({ ruleId, organizationId, scope }: WithScope): string {
  return scope === null ? organizationId : ruleId;
}

function withScope(finding: Finding, scope: TechniqueScope | null): Finding {
  if (scope === null) return finding;
  const words = scopeInWords(scope);
  return {
    ...finding,
    details: { ...finding.details, scope },
    alert: finding.alert && {
      title: `${finding.alert.title} (${words})`,
      message: `${finding.alert.message} The rule looks only at techniques ${words}.`,
    },
  };
}
