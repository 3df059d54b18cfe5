/**
 * SQLSTATEs of temporary problems: connection exceptions (class 08), too many connections (53300), shutdown, start or
 * recovery (57P01 to 57P03), statement timeout (57014), serialisation failure and deadlock (40001, 40P01).
 */
const TEMPORARY_STATES = /^(?:08...|53300|57P0[123]|57014|40001|40P01)$/;

/** Node's error codes for a server that does not answer. */
const NETWORK_CODES = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTFOUND',
  'EAI_AGAIN',
]);

/** The driver's messages without a code for lost connections and connection timeouts. */
const DRIVER_MESSAGES =
  /^(?:Connection terminated|Client has encountered a connection error|timeout exceeded when trying to connect|Client was closed|Connection with PostgreSQL)/;

/** The ORM's errors when a connection broke between two statements of a transaction. */
const LOST_IN_TRANSACTION = new Set(['QueryRunnerAlreadyReleasedError', 'QueryRunnerProviderAlreadyReleasedError']);

/** Whether the database is temporarily unavailable, so that the same request may succeed in a moment. */
export function isPassingDatabaseFault(error: unknown): boolean {
  const cause = (error as { driverError?: unknown } | undefined)?.driverError ?? error;
  if (!(cause instanceof Error)) return false;
  if (LOST_IN_TRANSACTION.has(cause.name)) return true;
  const { code } = cause as { code?: unknown };
  if (typeof code === 'string' && (TEMPORARY_STATES.test(code) || NETWORK_CODES.has(code))) return true;
  return DRIVER_MESSAGES.test(cause.message);
}
