import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { OperatorEndpoints } from '../webhooks/index.js';
import { DEMO_ENDPOINT_NAME, DEMO_WEBHOOK_SECRET } from './demo-webhook.js';

/** The webhook endpoint of the demo, for the receiver that `npm run demo` starts. */
@Injectable()
export class DemoEndpoint {
  constructor(private readonly endpoints: OperatorEndpoints) {}

  async create(manager: EntityManager, organizationId: string, url: string, now: Date): Promise<void> {
    await this.endpoints.create(
      manager,
      { organizationId, name: DEMO_ENDPOINT_NAME, url, events: ['alert.fired'], secret: DEMO_WEBHOOK_SECRET },
      now,
    );
  }

  /** The receiver may listen on another port at each start. A renamed or deleted endpoint stays as it is. */
  async move(manager: EntityManager, organizationId: string, url: string, now: Date): Promise<void> {
    await this.endpoints.setUrl(manager, organizationId, DEMO_ENDPOINT_NAME, url, now);
  }
}
