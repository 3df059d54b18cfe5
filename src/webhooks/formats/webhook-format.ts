import type { KeyObject } from 'node:crypto';

/** A delivery as a format sees it. */
export interface FormattableDelivery {
  /** Of the delivery: stable over retries and replays. */
  id: string;
  /** Of the happening: the same for every endpoint that is told of it. */
  eventId: string;
  /** `alert.fired`, `alert.acknowledged`, `alert.resolved`, `alert.dismissed`, `rule.failing`, `webhook.disabled` or `ping`. */
  eventType: string;
  /** The stored JSON text: `{type, timestamp, data}`. */
  body: string;
}

/** Where a delivery goes, as a format sees it. */
export interface FormatTarget {
  url: string;
  /** The values of the format's own settings by name, in the clear. */
  settings: Readonly<Record<string, string>>;
  /** Of the signing secrets, the current one first. */
  signingKeys: readonly KeyObject[];
  /** Where people reach Vedette, for links to alerts; null where the deployment does not say. */
  publicUrl: string | null;
}

export interface FormattedRequest {
  headers: Record<string, string>;
  body: string;
  /** Where the format derives an address from the endpoint's, such as that of the alert to close. Absent: the endpoint's own. */
  url?: string;
}

/** A format's own setting, from which validation, documentation and a form come. */
export interface FormatSetting {
  /** snake_case, as it goes over the wire. */
  name: string;
  title: string;
  /** What it is and how it looks, in words that go on after `must be`. */
  description: string;
  required: boolean;
  /** Stored encrypted and never answered. */
  isSecret: boolean;
  /** What the whole value must match. */
  pattern: RegExp;
}

/** How an endpoint wants its events. A new format is one file with one of these, and a line in the list. */
export interface WebhookFormat {
  /** Stable; stored with the endpoint. */
  code: string;
  /** What people call it. */
  name: string;
  description: string;
  settings: readonly FormatSetting[];
  /** Which retry schedule: pagers are tried again quickly. */
  urgency: 'normal' | 'pager';
  /**
   * The same request for the same delivery, target and instant.
   * @param at when this attempt is made.
   * @returns null where the format has nothing to say of the event: the delivery is then complete without being sent.
   */
  format(delivery: FormattableDelivery, target: FormatTarget, at: Date): FormattedRequest | null;
}
