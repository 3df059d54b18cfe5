/** A failure of the embedded server that a person can act on: the message says what is wrong and what the ways out are. */
export class EmbeddedPostgresError extends Error {
  override readonly name = 'EmbeddedPostgresError';
}

/** The way out that every failure of the embedded server has, in words that end a message. */
export const EXTERNAL_SERVER_HINT = 'set DATABASE_URL to a PostgreSQL 15 or newer';

/** The code of a Node.js or PostgreSQL error (`ENOENT`, `28P01`), or undefined for anything else that was thrown. */
export function errorCode(error: unknown): string | undefined {
  const code = (error as { code?: unknown } | undefined)?.code;
  return typeof code === 'string' ? code : undefined;
}
