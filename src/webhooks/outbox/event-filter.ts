/**
 * SQL condition that an endpoint is told of an event: it is the event's own, or subscribes to its type and lets it pass.
 * @param endpoint alias of `webhook_endpoint`.
 * @param event SQL of its facts.
 */
export function isTold(
  endpoint: string,
  event: { type: string; directEndpointId: string; severity: string; ruleType: string; severities: string },
): string {
  const { type, directEndpointId, severity, ruleType, severities } = event;
  const rank = (of: string): string => `array_position(${severities}, ${of})`;
  return `(${endpoint}.id = ${directEndpointId} OR (
        ${type} = ANY (${endpoint}.events)
        AND (${endpoint}.min_severity IS NULL OR ${severity} IS NULL OR ${rank(severity)} <= ${rank(`${endpoint}.min_severity`)})
        AND (${endpoint}.rule_types = '{}' OR ${ruleType} IS NULL OR ${ruleType} = ANY (${endpoint}.rule_types))))`;
}
