import { SEVERITIES, type Severity } from '../../common/alerting.js';
import { isBlank, oneLine, plainText } from './plain-text.js';
import type { FormattableDelivery } from './webhook-format.js';

/** An event as formats tell it: text is printable, and null stands for what the body does not hold. */
export interface ReadEvent {
  type: string;
  /** When it happened. */
  occurredAt: Date | null;
  alertId: string | null;
  ruleId: string | null;
  ruleName: string | null;
  ruleType: string | null;
  severity: Severity | null;
  /** Never empty: where the body has none, it says what happened. */
  title: string;
  message: string | null;
  details: readonly (readonly [name: string, value: unknown])[];
  status: string | null;
  organizationId: string | null;
  organizationName: string | null;
  /** When the alert was opened. */
  createdAt: Date | null;
  isDemo: boolean;
  /** Who acted: whoever acknowledged, resolved or dismissed. */
  actorName: string | null;
  cause: string | null;
  webhookId: string | null;
  webhookName: string | null;
  /** The body's `data`, untouched. */
  data: Readonly<Record<string, unknown>>;
}

/** Reads a stored body. It may come from another version of Vedette: whatever is missing or of another kind is left out. */
export function readEvent({ eventType, body }: FormattableDelivery): ReadEvent {
  const event = recordOf(parsed(body));
  const data = recordOf(event['data']);
  const organization = recordOf(data['organization']);
  const severity = data['severity'];
  const named = {
    ruleName: lineOf(data['rule_name']),
    webhookName: lineOf(data['webhook_name']),
  };
  return {
    ...named,
    type: eventType,
    occurredAt: instantOf(event['timestamp']),
    alertId: lineOf(data['alert_id']),
    ruleId: lineOf(data['rule_id']),
    ruleType: lineOf(data['rule_type']),
    severity: SEVERITIES.find((known) => known === severity) ?? null,
    title: lineOf(data['title']) ?? titleOf(eventType, named),
    message: textOf(data['message']),
    details: Object.entries(recordOf(data['details'])),
    status: lineOf(data['status']),
    organizationId: lineOf(organization['id']),
    organizationName: lineOf(organization['name']),
    createdAt: instantOf(data['created_at']),
    isDemo: data['is_demo'] === true,
    actorName: lineOf(recordOf(data['actor'])['name']),
    cause: textOf(data['cause']),
    webhookId: lineOf(data['webhook_id']),
    data,
  };
}

/**
 * A value of the details as people read it: lists with commas, of things that have an ATT&CK id or a name by that, techniques that came or went by their ids, a scope
 * name by name, anything deeper as JSON.
 */
export function valueText(value: unknown): string {
  const labels = Array.isArray(value) ? value.map(labelOf) : [];
  if (labels.length > 0 && labels.every((label) => label !== null)) return labels.join(', ');
  if (Array.isArray(value) && value.every((item) => item === null || typeof item !== 'object'))
    return value.map((item) => textOf(item) ?? '-').join(', ') || '-';
  if (value === null || typeof value !== 'object') return textOf(value) ?? '-';
  return movedText(recordOf(value)) ?? listsText(recordOf(value)) ?? plainText(JSON.stringify(value));
}

/** What an explained alert says of techniques, such as `3: T1003, T1059, T1566; changed by Mei Tanaka`. */
function movedText({ count, techniques }: Record<string, unknown>): string | null {
  if (typeof count !== 'number' || !Array.isArray(techniques)) return null;
  if (count === 0) return 'none';
  const distinct = (name: string): string[] => [
    ...new Set(techniques.flatMap((technique) => lineOf(recordOf(technique)[name]) ?? [])),
  ];
  const [ids, people] = [distinct('attack_id'), distinct('changed_by_name')];
  const which = `${count}: ${ids.join(', ')}${count > techniques.length ? ' and others' : ''}`;
  return people.length > 0 ? `${which}; changed by ${people.join(', ')}` : which;
}

/** What has lists of names by their kind, such as `tactics: initial-access, execution; sub_techniques: exclude`. */
function listsText(record: Record<string, unknown>): string | null {
  const entries = Object.entries(record);
  const isFlat = (value: unknown): boolean =>
    value !== null && [value].flat().every((item) => item === null || typeof item !== 'object');
  if (!entries.some(([, value]) => Array.isArray(value)) || !entries.every(([, value]) => isFlat(value))) return null;
  return entries.map(([name, value]) => `${plainText(name)}: ${valueText(value)}`).join('; ');
}

function labelOf(item: unknown): string | null {
  const { attack_id: attackId, name } = recordOf(item);
  return lineOf(attackId) ?? lineOf(name);
}

/** Every text in a value made printable, names as well; the value's shape stays. */
export function printable(value: unknown): unknown {
  if (typeof value === 'string') return plainText(value);
  if (Array.isArray(value)) return value.map(printable);
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [plainText(name), printable(inner)]));
}

function titleOf(eventType: string, { ruleName, webhookName }: Pick<ReadEvent, 'ruleName' | 'webhookName'>): string {
  switch (eventType) {
    case 'ping':
      return 'Test message from Vedette';
    case 'rule.failing':
      return `Rule ${ruleName ?? 'without a name'} keeps failing`;
    case 'webhook.disabled':
      return `Webhook ${webhookName ?? 'without a name'} was disabled`;
    default:
      return ruleName ?? 'Alert without a title';
  }
}

function parsed(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return null;
  }
}

function recordOf(value: unknown): Record<string, unknown> {
  return value !== null && typeof value === 'object' && !Array.isArray(value) ? (value as Record<string, unknown>) : {};
}

function textOf(value: unknown): string | null {
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  return typeof value === 'string' && !isBlank(value) ? plainText(value) : null;
}

function lineOf(value: unknown): string | null {
  const text = textOf(value);
  return text === null ? null : oneLine(text);
}

function instantOf(value: unknown): Date | null {
  const instant = typeof value === 'string' ? new Date(value) : null;
  // Beyond the year 9999 an ISO text has a sign and six digits, which no receiver reads.
  return instant && !Number.isNaN(instant.getTime()) && /^\d{4}-/.test(instant.toISOString()) ? instant : null;
}
