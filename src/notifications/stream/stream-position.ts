/**
 * A position in the stream: the number of the transaction that wrote a notification, and the id of the notification.
 * Positions sort in the order in which notifications become visible. Ids alone do not: a transaction that began early
 * may commit late.
 */
export interface StreamPosition {
  /** A 64-bit number in decimal digits. */
  transaction: string;
  id: string;
}

export const FIRST_ID = '00000000-0000-0000-0000-000000000000';

const DIGITS = 20;
const MAX_BIGINT = 2n ** 63n - 1n;
const EVENT_ID = /^(\d{20})-([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})$/;

/** The `id` of an event. Ids sort as text in the order of the positions. */
export function eventId({ transaction, id }: StreamPosition): string {
  return `${transaction.padStart(DIGITS, '0')}-${id}`;
}

/** Reads a `Last-Event-ID`. @returns undefined for text that {@link eventId} cannot have made. */
export function readEventId(text: string): StreamPosition | undefined {
  const match = EVENT_ID.exec(text);
  if (!match || BigInt(match[1]!) > MAX_BIGINT) return undefined;
  return { transaction: BigInt(match[1]!).toString(), id: match[2]! };
}

export function isAfter(one: StreamPosition, other: StreamPosition): boolean {
  return eventId(one) > eventId(other);
}
