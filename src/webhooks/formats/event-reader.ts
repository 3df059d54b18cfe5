import { SEVERITIES, type Severity } from '../../common/alerting.js';
import { isBlank, oneLine, plainText } from './plain-text.js';
import type { FormattableDelivery } from './webhook-format.js';

/** An event in the form that formats use. Texts are printable; null means that the body has no such value. */
export interface ReadEvent {
  type: string;
  occurredAt: Date | null;
  alertId: string | null;
  ruleId: string | null;
  ruleName: string | null;
  ruleType: string | null;
  severity: Severity | null;
  /** Never empty: if the body has no title, it is made from the event type. */
  title: string;
  message: string | null;
  details: readonly (readonly [name: string, value: unknown])[];
  status: string | null;
  organizationId: string | null;
  organizationName: string | null;
  /** When the alert was opened. */
  createdAt: Date | null;
  isDemo: boolean;
  /** The name of the person who acknowledged, resolved or dismissed the alert. */
  actorName: string | null;
  cause: string | null;
  webhookId: string | null;
  webhookName: string | null;
  /** The unchanged `data` of the body. */
  data: Readonly<Record<string, unknown>>;
}

/** Reads a stored body. Another version of Vedette may have written it, so missing or unexpected values become null. */
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
 * The text of a detail value. Lists are separated by commas; objects in lists appear as their ATT&CK id or name.
 * Technique changes list the ids; a scope lists its fields. Deeper values appear as JSON.
 */
export function valueText(value: unknown): string {
  const labels = Array.isArray(value) ? value.map(labelOf) : [];
  if (labels.length > 0 && labels.every((label) => label !== null)) return labels.join(', ');
  if (Array.isArray(value) && value.every((item) => item === null || typeof item !== 'object')) {
    return value.map((item) => textOf(item) ?? '-').join(', ') || '-';
  }
  if (value === null || typeof value !== 'object') return textOf(value) ?? '-';
  return techniqueChangeText(recordOf(value)) ?? listFieldsText(recordOf(value)) ?? plainText(JSON.stringify(value));
}

/** Technique changes of an explained alert, such as `3: T1003, T1059, T1566; changed by Mei Tanaka`. */
function techniqueChangeText({ count, techniques }: Record<string, unknown>): string | null {
  if (typeof count !== 'number' || !Array.isArray(techniques)) return null;
  if (count === 0) return 'none';
  const distinct = (name: string): string[] => [
    ...new Set(techniques.flatMap((technique) => lineOf(recordOf(technique)[name]) ?? [])),
  ];
  const [ids, people] = [distinct('attack_id'), distinct('changed_by_name')];
  const which = `${count}: ${ids.join(', ')}${count > techniques.length ? ' and others' : ''}`;
  return people.length > 0 ? `${which}; changed by ${people.join(', ')}` : which;
}

/** An object with lists, such as `tactics: initial-access, execution; sub_techniques: exclude`. */
function listFieldsText(record: Record<string, unknown>): string | null {
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

/** Makes every text in a value printable, names included. The structure stays the same. */
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
  // After the year 9999 an ISO text has a sign and six digits, which no receiver reads.
  return instant && !Number.isNaN(instant.getTime()) && /^\d{4}-/.test(instant.toISOString()) ? instant : null;
}
