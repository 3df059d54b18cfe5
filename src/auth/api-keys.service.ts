import { Injectable, Logger, type OnModuleDestroy } from '@nestjs/common';
import { DataSource, IsNull, type Repository } from 'typeorm';
import type { Principal, Role } from '../common/access/index.js';
import { Clock } from '../common/clock.js';
import { invalidField, notFound } from '../common/errors/index.js';
import { isUuid, newId } from '../common/ids.js';
import type { Page, PageRequest } from '../common/pagination/index.js';
import { SharedReads } from '../common/shared-reads.js';
import { keysetPage, queryRows } from '../database/index.js';
import { ApiKey } from './api-key.entity.js';
import { randomToken, tokenHash } from './token-hash.js';

/** The beginning of every API key, by which people and secret scanners recognise one. */
export const API_KEY_PREFIX = 'vdt_';

/** How many characters of a key are stored for recognition. */
const PREFIX_LENGTH = 12;

/** The last use is stored to the minute, so that a busy key does not cause a write for every request. */
const LAST_USE_PRECISION_MS = 60_000;

export interface NewApiKey {
  name: string;
  role: Role;
  /** null: the key does not expire. */
  expiresAt: Date | null;
}

type UsableKey = Pick<ApiKey, 'id' | 'organizationId' | 'role' | 'lastUsedAt'>;

/** Keys for programs, of one organisation each. */
@Injectable()
export class ApiKeysService implements OnModuleDestroy {
  private readonly logger = new Logger(ApiKeysService.name);
  /** Concurrent requests with one key share a look-up that starts after they arrive. */
  private readonly lookUps = new SharedReads<UsableKey | undefined>();
  private readonly pendingUseWrites = new Map<string, Promise<void>>();

  constructor(
    private readonly dataSource: DataSource,
    private readonly clock: Clock,
  ) {}

  /** @returns the row and the key itself. The key is not stored, so this is the only time it can be shown. */
  async create(
    organizationId: string,
    input: NewApiKey,
    createdBy: string | null,
  ): Promise<{ apiKey: ApiKey; key: string }> {
    const createdAt = this.clock.now();
    if (input.expiresAt && input.expiresAt <= createdAt) {
      throw invalidField('expires_at', 'must be a time in the future, or null');
    }
    const key = API_KEY_PREFIX + randomToken();
    const apiKey = Object.assign(new ApiKey(), {
      id: newId(),
      organizationId,
      name: input.name,
      prefix: key.slice(0, PREFIX_LENGTH),
      keyHash: tokenHash(key),
      role: input.role,
      createdBy,
      createdAt,
      lastUsedAt: null,
      expiresAt: input.expiresAt,
      revokedAt: null,
    } satisfies ApiKey);
    await this.repository.insert(apiKey);
    return { apiKey, key };
  }

  /** Newest first, including revoked and expired keys. */
  async list(organizationId: string, page: PageRequest): Promise<Page<ApiKey>> {
    const keys = this.repository
      .createQueryBuilder('key')
      .where('key.organizationId = :organizationId', { organizationId });
    return keysetPage(keys, 'createdAt', 'DESC', page);
  }

  async find(organizationId: string, id: string): Promise<ApiKey> {
    const apiKey = isUuid(id) ? await this.repository.findOneBy({ organizationId, id }) : null;
    if (!apiKey) throw notFound('API key', id);
    return apiKey;
  }

  /** Takes effect at once. A second call keeps the first time. */
  async revoke(organizationId: string, id: string): Promise<void> {
    await this.find(organizationId, id);
    await this.repository.update({ organizationId, id, revokedAt: IsNull() }, { revokedAt: this.clock.now() });
  }

  /** @returns undefined if the key is unknown, revoked or expired. */
  async authenticate(key: string): Promise<Principal | undefined> {
    const now = this.clock.now();
    const hash = tokenHash(key);
    const apiKey = await this.lookUps.read(hash, () => this.lookUp(hash, now));
    if (!apiKey) return undefined;
    this.recordUse(apiKey, now);
    const { id, organizationId, role } = apiKey;
    return { organizationId, role, userId: null, apiKeyId: id, actorId: id };
  }

  /** Plain SQL, because it runs before every request with a key: reading an entity takes several times as long. */
  private async lookUp(hash: string, now: Date): Promise<UsableKey | undefined> {
    const [apiKey] = await queryRows<UsableKey>(
      this.dataSource,
      `SELECT id, organization_id AS "organizationId", role, last_used_at AS "lastUsedAt" FROM api_key
       WHERE key_hash = $1 AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > $2)`,
      [hash, now],
    );
    return apiKey;
  }

  /** Waits for pending writes while the database connection is still open. */
  async onModuleDestroy(): Promise<void> {
    await Promise.all(this.pendingUseWrites.values());
  }

  /** The request does not wait for this and does not fail with it. */
  private recordUse({ id, lastUsedAt }: Pick<ApiKey, 'id' | 'lastUsedAt'>, now: Date): void {
    if (lastUsedAt && now.getTime() - lastUsedAt.getTime() < LAST_USE_PRECISION_MS) return;
    if (this.pendingUseWrites.has(id)) return;
    const note = this.repository
      .update({ id }, { lastUsedAt: now })
      .then(() => undefined)
      .catch((error: unknown) =>
        this.logger.warn(`The use of API key ${id} could not be recorded: ${(error as Error).message}`),
      )
      .finally(() => this.pendingUseWrites.delete(id));
    this.pendingUseWrites.set(id, note);
  }

  private get repository(): Repository<ApiKey> {
    return this.dataSource.getRepository(ApiKey);
  }
}
