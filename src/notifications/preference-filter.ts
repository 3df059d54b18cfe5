/**
 * SQL of why a person is not told of a notice, by what they prefer: `min_severity`, `rule_type`, or null where nothing stands in the way.
 * @param preference alias of the person's row of `notification_preference`, which may be missing.
 */
export function leftOut(
  preference: string,
  notice: { severity: string; ruleType: string; severities: string },
): string {
  const { severity, ruleType, severities } = notice;
  return `CASE WHEN array_position(${severities}, ${severity}) > array_position(${severities}, ${preference}.min_severity) THEN 'min_severity'
           WHEN ${ruleType} <> ALL (${preference}.rule_types) THEN 'rule_type' END`;
}
