import { uuidv7 } from 'uuidv7';

/** A new UUIDv7 (RFC 9562). Its order is the order of creation, so recent rows are close together in an index. */
export function newId(): string {
  return uuidv7();
}

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

export function isUuid(value: unknown): value is string {
  return typeof value === 'string' && UUID.test(value);
}
