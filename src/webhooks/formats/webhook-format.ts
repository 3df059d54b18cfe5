import type { KeyObject } from 'node:crypto';

/** The parts of a delivery that formats use. */
export interface FormattableDelivery {
  /** The id of the delivery, stable over retries and replays. */
  id: string;
  /** The id of the event, the same for all endpoints. */
  eventId: string;
  /**
   * `alert.fired`, `alert.acknowledged`, `alert.resolved`, `alert.dismissed`, `rule.failing`, `webhook.disabled` or
   * `ping`.
   */
  eventType: string;
  /** The stored JSON text: `{type, timestamp, data}`. */
  body: string;
}

/** The receiver of a delivery, as formats use it. */
export interface FormatTarget {
  url: string;
  /** The decrypted values of the format's settings by name. */
  settings: Readonly<Record<string, string>>;
  /** The signing keys, the current one first. */
  signingKeys: readonly KeyObject[];
  /** The public address of Vedette, for links to alerts; null if the deployment sets none. */
  publicUrl: string | null;
}

export interface FormattedRequest {
  headers: Record<string, string>;
  body: string;
  /**
   * A URL that the format derived from the endpoint's, such as the one to close an alert. Absent: the endpoint's own
   * URL.
   */
  url?: string;
}

/** A setting of a format. Validation, documentation and the form use it. */
export interface FormatSetting {
  /** snake_case, as in the API. */
  name: string;
  title: string;
  /** The meaning and syntax, as a text that continues `must be`. */
  description: string;
  required: boolean;
  /** Encrypted in the database, and never part of a response. */
  isSecret: boolean;
  /** The whole value must match this. */
  pattern: RegExp;
}

/** A message format of endpoints. To add one, write one file and add it to the list. */
export interface WebhookFormat {
  /** Stable; stored with the endpoint. */
  code: string;
  /** The name for people. */
  name: string;
  description: string;
  settings: readonly FormatSetting[];
  /** The retry schedule: pagers retry quickly. */
  urgency: 'normal' | 'pager';
  /**
   * Deterministic: the same delivery, target and instant give the same request.
   * @param at the time of this attempt.
   * @returns null if the format does not support the event. The delivery is then complete without a request.
   */
  format(delivery: FormattableDelivery, target: FormatTarget, at: Date): FormattedRequest | null;
}
