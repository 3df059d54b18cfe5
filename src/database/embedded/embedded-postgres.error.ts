/** A failure of the embedded server. The message explains the problem and the possible fixes. */
export class EmbeddedPostgresError extends Error {
  override readonly name = 'EmbeddedPostgresError';
}

/** The fix that always works, for the end of a message. */
export const EXTERNAL_SERVER_HINT = 'set DATABASE_URL to a PostgreSQL 15 or newer';

/** The code of a Node.js or PostgreSQL error (`ENOENT`, `28P01`), or undefined. */
export function errorCode(error: unknown): string | undefined {
  const code = (error as { code?: unknown } | undefined)?.code;
  return typeof code === 'string' ? code : undefined;
}
