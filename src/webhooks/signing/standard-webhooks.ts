import { createHmac, createSecretKey, randomBytes, type KeyObject } from 'node:crypto';

const SECRET_PREFIX = 'whsec_';
const SECRET_BYTES = 32;

/** A new signing secret as Standard Webhooks writes it: `whsec_` and the base64 of 32 random bytes. */
export function newSigningSecret(): string {
  return SECRET_PREFIX + randomBytes(SECRET_BYTES).toString('base64');
}

export interface SignedContent {
  /** `webhook-id`: the same for every attempt at a delivery, so that a receiver can tell a repeat. */
  id: string;
  /** When this attempt is made; receivers refuse old ones. */
  at: Date;
  /** The exact text that is sent. */
  body: string;
}

/**
 * The three headers of Standard Webhooks (https://www.standardwebhooks.com): HMAC-SHA-256 over `id.timestamp.body`, the timestamp in whole seconds.
 * @param keys one, or both the new and the old while a secret is being replaced: one signature each, separated by a space.
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

/** What a signing secret stands for. */
export function signingKey(secret: string): KeyObject {
  return createSecretKey(secret.startsWith(SECRET_PREFIX) ? secret.slice(SECRET_PREFIX.length) : secret, 'base64');
}
