/** Words that rules, alerts, notifications and webhooks share. */

export const SEVERITIES = ['critical', 'high', 'medium', 'low', 'info'] as const;
export type Severity = (typeof SEVERITIES)[number];

export const ALERT_STATUSES = ['open', 'acknowledged', 'resolved', 'dismissed'] as const;
export type AlertStatus = (typeof ALERT_STATUSES)[number];

/** What a firing does while an earlier alert of the same rule is still open: open another, or refresh that one. */
export const ON_REPEAT = ['new_instance', 'update_open'] as const;
export type OnRepeat = (typeof ON_REPEAT)[number];
