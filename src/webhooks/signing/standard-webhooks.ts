import { createHmac, createSecretKey, randomBytes, type KeyObject } from 'node:crypto';

const SECRET_PREFIX = 'whsec_';
const SECRET_BYTES = 32;

/** A new signing secret in the format of Standard Webhooks: `whsec_` and the base64 of 32 random bytes. */
export function newSigningSecret(): string {
  return SECRET_PREFIX + randomBytes(SECRET_BYTES).toString('base64');
}

export interface SignedContent {
  /** `webhook-id`: the same for every attempt at a delivery, so that a receiver recognises a repeat. */
  id: string;
  /** The time of this attempt. Receivers refuse old ones. */
  at: Date;
  /** The exact text that is sent. */
  body: string;
}

/**
 * The three headers of Standard Webhooks (https://www.standardwebhooks.com). The signature is HMAC-SHA-256 over
 * `id.timestamp.body`; the timestamp is in whole seconds.
 * @param keys one key, or the new and the old one during a rotation. Each key makes one signature, separated by spaces.
 */
export function standardWebhooksHeaders(
  { id, at, body }: SignedContent,
  keys: readonly KeyObject[],
): Record<string, string> {
  const timestamp = String(Math.floor(at.getTime() / 1000));
  const content = `${id}.${timestamp}.${body}`;
  const signatures = keys.map((key) => `v1,${createHmac('sha256', key).update(content).digest('base64')}`);
  return { 'webhook-id': id, 'webhook-timestamp': timestamp, 'webhook-signature': signatures.join(' ') };
}

/** The HMAC key of a signing secret. */
export function signingKey(secret: string): KeyObject {
  return createSecretKey(secret.startsWith(SECRET_PREFIX) ? secret.slice(SECRET_PREFIX.length) : secret, 'base64');
}
