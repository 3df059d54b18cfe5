/** An object whose fields are not checked yet. */
export type UnknownRecord = Record<string, unknown>;

/** The text of a value that may be text or a number, such as a release: `18` is as good as `"18"`. Otherwise null. */
export function textOf(value: unknown): string | null {
  if (typeof value === 'number' && Number.isFinite(value)) return String(value);
  return typeof value === 'string' ? value : null;
}

export function isRecord(value: unknown): value is UnknownRecord {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
