import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { newId } from '../../common/ids.js';
import { queryRows } from '../../database/index.js';
import { EndpointSecrets } from './endpoint-secrets.js';
import type { SubscribableEvent } from './webhook-events.js';

export interface OperatorEndpoint {
  organizationId: string;
  name: string;
  url: string;
  events: readonly SubscribableEvent[];
  /** Signs its deliveries. */
  secret: string;
}

/**
 * Creates and updates endpoints of the operator. Their URLs come from the environment, so the address guard checks them
 * only at delivery.
 */
@Injectable()
export class OperatorEndpoints {
  constructor(private readonly secrets: EndpointSecrets) {}

  /** Creates an endpoint of the standard format in the caller's transaction. */
  async create(
    manager: EntityManager,
    { organizationId, name, url, events, secret }: OperatorEndpoint,
    now: Date,
  ): Promise<void> {
    const id = newId();
    await manager.query(
      `INSERT INTO webhook_endpoint (id, organization_id, name, url, events, format, secret_ciphertext, created_at, updated_at)
       VALUES ($1, $2, $3, $4, $5, 'standard', $6, $7, $7)`,
      [
        id,
        organizationId,
        name,
        this.secrets.seal(id, 'url', url),
        events,
        this.secrets.seal(id, 'secret', secret),
        now,
      ],
    );
  }

  /** Sets the URL of all endpoints with the name. */
  async setUrl(manager: EntityManager, organizationId: string, name: string, url: string, now: Date): Promise<void> {
    const endpoints = await queryRows<{ id: string }>(
      manager,
      'SELECT id FROM webhook_endpoint WHERE organization_id = $1 AND name = $2',
      [organizationId, name],
    );
    await manager.query(
      `UPDATE webhook_endpoint e SET url = v.url, updated_at = $4 FROM unnest($2::uuid[], $3::text[]) AS v (id, url)
       WHERE e.organization_id = $1 AND e.id = v.id`,
      [
        organizationId,
        endpoints.map(({ id }) => id),
        endpoints.map(({ id }) => this.secrets.seal(id, 'url', url)),
        now,
      ],
    );
  }
}
