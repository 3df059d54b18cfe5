import { invalidInput, type DomainError } from '../../common/errors/index.js';

/** An object of the table, parsed from JSON. */
export type Row = Record<string, unknown>;

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
const STAMP = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?(Z|[+-]\d{2}:\d{2})$/;

/**
 * Reads the properties of one object of the table. Each fault names the full path of the property and its valid values.
 */
export class FactReader {
  constructor(
    private readonly row: Row,
    private readonly path: string,
  ) {}

  text(key: string): string {
    const value = this.row[key];
    if (typeof value !== 'string' || value === '') throw this.fault(key, 'must be a text');
    return value;
  }

  matching(key: string, pattern: RegExp, meaning: string): string {
    const value = this.row[key];
    if (typeof value !== 'string' || !pattern.test(value)) throw this.fault(key, `must be ${meaning}`);
    return value;
  }

  uuid(key: string): string {
    return this.matching(key, UUID, 'a uuid in lower case');
  }

  stamp(key: string): string {
    const value = this.matching(key, STAMP, 'an ISO 8601 time');
    if (Number.isNaN(Date.parse(value))) throw this.fault(key, 'must be an ISO 8601 time');
    return value;
  }

  oneOf<T extends string>(key: string, values: readonly T[]): T {
    const value = values.find((candidate) => candidate === this.row[key]);
    if (value === undefined) throw this.fault(key, `must be ${values.join(' or ')}`);
    return value;
  }

  texts(key: string): string[] {
    const value = this.row[key];
    if (!Array.isArray(value) || !value.every((item) => typeof item === 'string')) {
      throw this.fault(key, 'must be a list of texts');
    }
    return value;
  }

  /** A property that is left out when it is false. */
  flag(key: string): boolean {
    const value = this.row[key] ?? false;
    if (typeof value !== 'boolean') throw this.fault(key, 'must be true, false or left out');
    return value;
  }

  optionalText(key: string): string | null {
    return this.row[key] === undefined ? null : this.text(key);
  }

  optionalUuid(key: string): string | null {
    return this.row[key] === undefined ? null : this.uuid(key);
  }

  object(key: string): Row {
    const value = this.row[key];
    if (!isRow(value)) throw this.fault(key, 'must be an object');
    return value;
  }

  rows(key: string): FactReader[] {
    const value = this.row[key];
    if (!Array.isArray(value)) throw this.fault(key, 'must be a list');
    return value.map((item: unknown, index) => {
      if (!isRow(item)) throw this.fault(`${key}[${index}]`, 'must be an object');
      return new FactReader(item, `${this.path}${key}[${index}].`);
    });
  }

  fault(key: string, message: string): DomainError {
    const field = this.path + key;
    return invalidInput([{ field, message }], `the table of ATT&CK facts cannot be read: ${field} ${message}`);
  }
}

function isRow(value: unknown): value is Row {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
