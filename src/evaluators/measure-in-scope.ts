import {
  ScopedPostureReader,
  describeScope,
  type PostureReader,
  type ScopedRule,
  type TechniqueScope,
} from '../posture/index.js';
import type { Evaluator, Finding, RuleToMeasure } from './evaluator.js';

/** A rule to measure within a scope; null means no limit. */
export interface RuleInScope<Config> extends RuleToMeasure<Config> {
  scope: TechniqueScope | null;
}

/**
 * Measures rules of one type in one statement, each within its scope. Evaluators do not know about scopes (ADR 0013).
 * @returns one finding for each rule, in the order of `rules`; details and texts name the scope. Throws if the
 * statement fails.
 */
export async function measureInScope<Config>(
  evaluator: Evaluator<Config>,
  rules: readonly RuleInScope<Config>[],
  at: Date,
  reader: PostureReader,
): Promise<Finding[]> {
  const limited = limitedRules(rules);
  if (limited.length === 0) return evaluator.measure(rules, at, reader);
  const measured = rules.map((rule) => ({ ...rule, organizationId: measuredOrganizationId(rule) }));
  const findings = await evaluator.measure(measured, at, new ScopedPostureReader(reader, limited, at));
  return findings.map((finding, index) => withScope(finding, rules[index]?.scope ?? null));
}

type WithScope = Pick<RuleInScope<unknown>, 'ruleId' | 'organizationId' | 'scope'>;

/** The rules that have a scope. */
export function limitedRules(rules: readonly WithScope[]): ScopedRule[] {
  return rules.flatMap(({ ruleId, organizationId, scope }) =>
    scope === null ? [] : { ruleId, organizationId, scope },
  );
}

/** The organisation id under which a rule is measured. For a rule with a scope it is the rule's own id (ADR 0013). */
export function measuredOrganizationId({ ruleId, organizationId, scope }: WithScope): string {
  return scope === null ? organizationId : ruleId;
}

function withScope(finding: Finding, scope: TechniqueScope | null): Finding {
  if (scope === null) return finding;
  const words = describeScope(scope);
  return {
    ...finding,
    details: { ...finding.details, scope },
    alert: finding.alert && {
      title: `${finding.alert.title} (${words})`,
      message: `${finding.alert.message} The rule counts only techniques ${words}.`,
    },
  };
}
