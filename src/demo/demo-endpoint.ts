import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { newId } from '../common/ids.js';
import { SecretBox } from '../common/secret-box.js';
import { queryRows } from '../database/index.js';
import { DEMO_ENDPOINT_NAME, DEMO_WEBHOOK_SECRET } from './demo-webhook.js';

/** The webhook endpoint of the demo: the receiver that is started beside it. */
@Injectable()
export class DemoEndpoint {
  constructor(private readonly secretBox: SecretBox) {}

  async create(manager: EntityManager, organizationId: string, url: string, now: Date): Promise<void> {
    const id = newId();
    await manager.query(
      `INSERT INTO webhook_endpoint (id, organization_id, name, url, events, format, secret_ciphertext, created_at, updated_at)
       VALUES ($1, $2, $3, $4, '{alert.fired}', 'standard', $5, $6, $6)`,
      [
        id,
        organizationId,
        DEMO_ENDPOINT_NAME,
        this.secretBox.seal(url, `${id}:url`),
        this.secretBox.seal(DEMO_WEBHOOK_SECRET, id),
        now,
      ],
    );
  }

  /** The receiver may listen on another port at each start. An endpoint that somebody renamed or deleted is left at that. */
  async move(manager: EntityManager, organizationId: string, url: string, now: Date): Promise<void> {
    const endpoints = await queryRows<{ id: string }>(
      manager,
      'SELECT id FROM webhook_endpoint WHERE organization_id = $1 AND name = $2',
      [organizationId, DEMO_ENDPOINT_NAME],
    );
    await manager.query(
      `UPDATE webhook_endpoint e SET url = v.url, updated_at = $4 FROM unnest($2::uuid[], $3::text[]) AS v (id, url)
       WHERE e.organization_id = $1 AND e.id = v.id`,
      [
        organizationId,
        endpoints.map(({ id }) => id),
        endpoints.map(({ id }) => this.secretBox.seal(url, `${id}:url`)),
        now,
      ],
    );
  }
}
