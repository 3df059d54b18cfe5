import { createHash, randomBytes } from 'node:crypto';

/** A token of 256 random bits, base64url. */
export function randomToken(): string {
  return randomBytes(32).toString('base64url');
}

/** What is kept of a random token. It has too many bits to be guessed, so that one round of SHA-256, in hexadecimal, is enough. */
export function tokenHash(token: string): string {
  return createHash('sha256').update(token).digest('hex');
}
