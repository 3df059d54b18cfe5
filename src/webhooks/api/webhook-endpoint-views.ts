import { Injectable } from '@nestjs/common';
import { In, DataSource } from 'typeorm';
import { Clock } from '../../common/clock.js';
import { queryRows } from '../../database/index.js';
import { WebhookEndpointHealth } from '../breaker/endpoint-health.entity.js';
import { EndpointSecrets } from '../endpoints/endpoint-secrets.js';
import { shownUrl } from '../endpoints/shown-url.js';
import type { WebhookEndpoint } from '../endpoints/webhook-endpoint.entity.js';

/** The health of an endpoint in one word. */
export const ENDPOINT_STATES = ['healthy', 'failing', 'paused', 'breaker_open', 'disabled'] as const;
export type EndpointState = (typeof ENDPOINT_STATES)[number];

/** An endpoint as responses show it, without credentials. */
export interface EndpointView {
  endpoint: WebhookEndpoint;
  shownUrl: string;
  state: EndpointState;
  /** Null before the first attempt. */
  health: WebhookEndpointHealth | null;
  /** The number of deliveries that failed or were missed before the endpoint was disabled, and can be recovered. */
  recoverable: number;
}

/** Combines endpoints with their health for responses. */
@Injectable()
export class WebhookEndpointViews {
  constructor(
    private readonly dataSource: DataSource,
    private readonly secrets: EndpointSecrets,
    private readonly clock: Clock,
  ) {}

  async of(organizationId: string, endpoints: readonly WebhookEndpoint[]): Promise<EndpointView[]> {
    if (endpoints.length === 0) return [];
    const ids = endpoints.map(({ id }) => id);
    const rows = await this.dataSource
      .getRepository(WebhookEndpointHealth)
      .findBy({ organizationId, endpointId: In(ids) });
    const healthOf = new Map(rows.map((row) => [row.endpointId, row]));
    const recoverableOf = await this.recoverable(organizationId, ids);
    const now = this.clock.now();
    return endpoints.map((endpoint) => {
      const health = healthOf.get(endpoint.id) ?? null;
      return {
        endpoint,
        shownUrl: this.shown(endpoint),
        state: stateOf(endpoint, health, now),
        health,
        recoverable: recoverableOf.get(endpoint.id) ?? 0,
      };
    });
  }

  async one(endpoint: WebhookEndpoint): Promise<EndpointView> {
    const [view] = await this.of(endpoint.organizationId, [endpoint]);
    return view!;
  }

  /** If decryption fails, the URL is empty, so that the endpoint can still be shown. */
  private shown({ id, url, format }: WebhookEndpoint): string {
    try {
      return shownUrl(this.secrets.open(id, 'url', url), format);
    } catch {
      return '';
    }
  }

  private async recoverable(organizationId: string, endpointIds: readonly string[]): Promise<Map<string, number>> {
    const rows = await queryRows<{ id: string; count: number }>(
      this.dataSource,
      `SELECT h.endpoint_id AS id, count(*)::integer AS count
       FROM webhook_endpoint_health h JOIN webhook_delivery d ON d.organization_id = h.organization_id AND d.endpoint_id = h.endpoint_id
         AND d.status IN ('missed', 'failed') AND d.completed_at >= h.recover_since AND d.event_type <> 'ping'
       WHERE h.organization_id = $1 AND h.endpoint_id = ANY ($2::uuid[]) AND h.recover_since IS NOT NULL
       GROUP BY h.endpoint_id`,
      [organizationId, endpointIds],
    );
    return new Map(rows.map(({ id, count }) => [id, count]));
  }
}

function stateOf({ isEnabled }: WebhookEndpoint, health: WebhookEndpointHealth | null, now: Date): EndpointState {
  if (!isEnabled) return 'disabled';
  if (health?.breaker === 'open') return 'breaker_open';
  if (health?.pausedUntil && health.pausedUntil > now) return 'paused';
  return health && health.consecutiveFailures > 0 ? 'failing' : 'healthy';
}
