/** Terms shared by rules, alerts, notifications and webhooks. */

export const SEVERITIES = ['critical', 'high', 'medium', 'low', 'info'] as const;
export type Severity = (typeof SEVERITIES)[number];

export const ALERT_STATUSES = ['open', 'acknowledged', 'resolved', 'dismissed'] as const;
export type AlertStatus = (typeof ALERT_STATUSES)[number];

/** When a rule fires while its earlier alert is open: open another alert, or refresh the open one. */
export const ON_REPEAT = ['new_instance', 'update_open'] as const;
export type OnRepeat = (typeof ON_REPEAT)[number];

/** SQL of the rank of a severity: the most severe has rank 1. */
export function severityRank(severity: string): string {
  return `array_position('{${SEVERITIES.join()}}'::text[], ${severity})`;
}
