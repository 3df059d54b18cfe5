/**
 * SQLSTATEs of a server that cannot take the statement now and may take it a little later: connection exceptions (class 08), too many connections, a shutdown,
 * a start or a recovery (57P01 to 57P03), a statement that took too long (57014), and transactions that stood in each other's way (40001, 40P01).
 */
const PASSING_STATES = /^(?:08...|53300|57P0[123]|57014|40001|40P01)$/;

/** What Node says of a server that does not answer. */
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

/** What the driver says without a code, of a connection that broke or that did not come about in time. */
const DRIVER_WORDS =
  /^(?:Connection terminated|Client has encountered a connection error|timeout exceeded when trying to connect|Client was closed|Connection with PostgreSQL)/;

/** What the ORM says when a connection broke between two statements of a transaction. */
const LOST_IN_TRANSACTION = new Set(['QueryRunnerAlreadyReleasedError', 'QueryRunnerProviderAlreadyReleasedError']);

/** Whether the database could not be asked just now, so that the same request may well succeed in a moment. */
export function isPassingDatabaseFault(error: unknown): boolean {
  const cause = (error as { driverError?: unknown } | undefined)?.driverError ?? error;
  if (!(cause instanceof Error)) return false;
  if (LOST_IN_TRANSACTION.has(cause.name)) return true;
  const { code } = cause as { code?: unknown };
  if (typeof code === 'string' && (PASSING_STATES.test(code) || NETWORK_CODES.has(code))) return true;
  return DRIVER_WORDS.test(cause.message);
}
