import type { Severity } from '../../common/alerting.js';
import { valueText, type ReadEvent } from './event-reader.js';
import { oneLine, plainText } from './plain-text.js';

/** A label and a value, both printable. */
export interface Fact {
  name: string;
  value: string;
}

export type Tone = Severity | 'acknowledged' | 'resolved' | 'dismissed' | 'warning' | 'notice';

/** The texts of an event for chats. Formats only decide the layout. */
export interface Notice {
  headline: string;
  message: string | null;
  facts: readonly Fact[];
  details: readonly Fact[];
  footer: string;
  tone: Tone;
}

const VERBS: Readonly<Record<string, string>> = {
  'alert.acknowledged': 'Acknowledged: ',
  'alert.resolved': 'Resolved: ',
  'alert.dismissed': 'Dismissed: ',
};

export function noticeOf(event: ReadEvent): Notice {
  const fired = event.type === 'alert.fired' && event.severity ? `[${event.severity.toUpperCase()}] ` : '';
  return {
    headline: `${event.isDemo ? '[Demo] ' : ''}${fired}${VERBS[event.type] ?? ''}${event.title}`,
    message: event.message,
    facts: factsOf(event),
    details: detailsOf(event),
    footer: ['Vedette', event.organizationName].filter(Boolean).join(' · '),
    tone: toneOf(event),
  };
}

/** A readable label: `top_ids` becomes `Top ids`. */
function toLabel(name: string): string {
  const words = oneLine(plainText(name).replaceAll('_', ' '));
  return words === '' ? '-' : words.charAt(0).toUpperCase() + words.slice(1);
}

function detailsOf({ details }: ReadEvent): Fact[] {
  return details.map(([name, value]) => ({ name: toLabel(name), value: valueText(value) }));
}

function factsOf(event: ReadEvent): Fact[] {
  const facts: [string, string | null][] = [
    ['Severity', event.severity],
    ['Rule', event.ruleName],
    ['Rule type', event.ruleType],
    ['Status', event.status],
    ['By', event.actorName],
    ['Cause', event.cause],
    ['Webhook', event.webhookName],
    ['Organisation', event.organizationName],
  ];
  return facts.flatMap(([name, value]) => (value === null ? [] : [{ name, value }]));
}

function toneOf({ type, severity }: ReadEvent): Tone {
  switch (type) {
    case 'alert.acknowledged':
      return 'acknowledged';
    case 'alert.resolved':
      return 'resolved';
    case 'alert.dismissed':
      return 'dismissed';
    case 'rule.failing':
    case 'webhook.disabled':
      return 'warning';
    case 'ping':
      return 'notice';
    default:
      return severity ?? 'notice';
  }
}
