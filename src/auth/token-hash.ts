import { createHash, randomBytes } from 'node:crypto';

/** A token of 256 random bits, base64url. */
export function randomToken(): string {
  return randomBytes(32).toString('base64url');
}

/**
 * The stored form of a random token, in hexadecimal. The token has too many bits to guess, so one round of SHA-256 is
 * enough.
 */
export function tokenHash(token: string): string {
  return createHash('sha256').update(token).digest('hex');
}
