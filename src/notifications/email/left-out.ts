/** Why a notice is not for a member by what they prefer. */
export type LeftOutReason = 'min_severity' | 'rule_type';

/**
 * The SQL of a {@link LeftOutReason}, null where the notice is for them: of a notice `n`, the preferences `p` of its member, and the alert `a` that it is about, either of
 * which may be missing. What is about no alert is of no rule type. It is asked when a notice is written, and again when it is sent by e-mail.
 * @param severities the placeholder of all severities, the most severe first.
 * @param notice SQL of the notice's severity and rule type, where they are not those of `n` and `a`.
 */
export function leftOut(severities: string, notice = { severity: 'n.severity', ruleType: 'a.rule_type' }): string {
  return `CASE WHEN array_position(${severities}::text[], ${notice.severity}) > array_position(${severities}::text[], p.min_severity) THEN 'min_severity'
    WHEN ${notice.ruleType} <> ALL (p.rule_types) THEN 'rule_type' END`;
}
