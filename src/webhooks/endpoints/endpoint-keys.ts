import { Injectable, Logger, type OnApplicationBootstrap } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { SecretBox } from '../../common/secret-box.js';
import { queryRows } from '../../database/index.js';
import { EndpointSecrets, type EndpointSecretPart } from './endpoint-secrets.js';

/** Every column with encrypted text, and its kind of secret. */
const SEALED: Readonly<Record<string, EndpointSecretPart>> = {
  url: 'url',
  secret_ciphertext: 'secret',
  previous_secret_ciphertext: 'secret',
  headers_ciphertext: 'headers',
  settings_ciphertext: 'settings',
};
const COLUMNS = Object.keys(SEALED);

const BATCH = 500;

type Row = { id: string } & Record<string, string | null>;

/** Keeps all secrets of endpoints encrypted with the current key. */
@Injectable()
export class EndpointKeys implements OnApplicationBootstrap {
  private readonly logger = new Logger('Webhooks');

  constructor(
    private readonly dataSource: DataSource,
    private readonly secretBox: SecretBox,
    private readonly secrets: EndpointSecrets,
  ) {}

  /** Encrypts URLs from versions that stored them in the clear. */
  async onApplicationBootstrap(): Promise<void> {
    const sealed = await this.reseal(`url LIKE 'http%'`, []);
    if (sealed > 0) this.logger.log(`Encrypted the URLs of ${sealed} webhook endpoints`);
  }

  /**
   * Encrypts everything again that was encrypted with another key. Can run during deliveries, and again after a
   * failure.
   * @returns the number of endpoints that changed.
   * @throws Error if a secret was encrypted with a key that is neither `VEDETTE_SECRET_KEY` nor
   * `VEDETTE_SECRET_KEY_PREVIOUS`.
   */
  rotate(): Promise<number> {
    return this.reseal(`NOT (${COLUMNS.map((column) => `coalesce(starts_with(${column}, $1), true)`).join(' AND ')})`, [
      this.secretBox.currentPrefix,
    ]);
  }

  private async reseal(condition: string, parameters: unknown[]): Promise<number> {
    let count = 0;
    for (;;) {
      const rows = await queryRows<Row>(
        this.dataSource,
        `SELECT id, ${COLUMNS.join(', ')} FROM webhook_endpoint WHERE ${condition} ORDER BY id LIMIT ${BATCH}`,
        parameters,
      );
      if (rows.length === 0) return count;
      await this.write(rows);
      count += rows.length;
    }
  }

  /** Skips rows that changed since they were read: they already use the current key. */
  private async write(rows: readonly Row[]): Promise<void> {
    const columns = [...COLUMNS.map((column) => `${column}`), ...COLUMNS.map((column) => `old_${column}`)];
    await this.dataSource.query(
      `UPDATE webhook_endpoint e SET ${COLUMNS.map((column) => `${column} = r.${column}`).join(', ')}
       FROM unnest($1::uuid[], ${columns.map((_, index) => `$${index + 2}::text[]`).join(', ')}) AS r (id, ${columns.join(', ')})
       WHERE e.id = r.id AND ${COLUMNS.map((column) => `e.${column} IS NOT DISTINCT FROM r.old_${column}`).join(' AND ')}`,
      [
        rows.map(({ id }) => id),
        ...COLUMNS.map((column) => rows.map((row) => this.resealed(row, column))),
        ...COLUMNS.map((column) => rows.map((row) => row[column])),
      ],
    );
  }

  private resealed(row: Row, column: string): string | null {
    const part = SEALED[column]!;
    const text = row[column];
    return text === null || text === undefined
      ? null
      : this.secrets.seal(row.id, part, this.secrets.open(row.id, part, text));
  }
}
