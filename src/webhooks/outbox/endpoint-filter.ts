import { severityRank } from '../../common/alerting.js';

/**
 * SQL of the facts of an event that endpoints filter by. NULL for a fact that the event does not have: no filter
 * rejects it.
 */
export interface EventSql {
  type: string;
  severity: string;
  ruleType: string;
  /** The rule's own endpoint, which gets the event past its subscription and filters. Left out: none. */
  directEndpointId?: string;
}

/**
 * SQL of the reason why an endpoint does not want an event: `not_subscribed`, `min_severity` or `rule_type`; NULL
 * when it does.
 * @param endpoint alias of `webhook_endpoint`.
 */
export function subscriptionFilter(endpoint: string, event: EventSql): string {
  const { type, severity, ruleType, directEndpointId = 'NULL::uuid' } = event;
  return `CASE WHEN ${endpoint}.id = ${directEndpointId} THEN NULL
    WHEN NOT ${type} = ANY (${endpoint}.events) THEN 'not_subscribed'
    WHEN ${severityRank(severity)} > ${severityRank(`${endpoint}.min_severity`)} THEN 'min_severity'
    WHEN ${endpoint}.rule_types <> '{}' AND ${ruleType} <> ALL (${endpoint}.rule_types) THEN 'rule_type' END`;
}

/**
 * SQL of the reason why an endpoint does not get an event: one of {@link subscriptionFilter}, or `endpoint_disabled`.
 */
export function endpointFilter(endpoint: string, event: EventSql): string {
  return `coalesce(${subscriptionFilter(endpoint, event)}, CASE WHEN NOT ${endpoint}.is_enabled THEN 'endpoint_disabled' END)`;
}
