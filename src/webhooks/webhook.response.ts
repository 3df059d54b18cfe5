import { ApiProperty } from '@nestjs/swagger';
import { toIso } from '../common/wire.js';
import type { Page } from '../common/pagination/index.js';
import type { CreatedEndpoint } from './webhook-endpoints.service.js';
import type { WebhookEndpoint } from './webhook-endpoint.entity.js';

/** A webhook endpoint. */
export class WebhookResponse {
  id: string;
  name: string;
  url: string;
  /** What it subscribes to. */
  events: string[];
  /** How events are written. */
  format: string;
  /** False when somebody disabled it, or when it answered 410. */
  is_enabled: boolean;
  /** ISO 8601, UTC. */
  created_at: string;
  /** ISO 8601, UTC. */
  updated_at: string;
}

/** A webhook endpoint just created. */
export class CreatedWebhookResponse extends WebhookResponse {
  /** The signing secret, `whsec_` and base64. It is shown this once. */
  secret: string;
}

/** A page of webhook endpoints. */
export class WebhookPageResponse {
  items: WebhookResponse[];
  /** How many there are in all. */
  @ApiProperty({ type: 'integer' })
  total: number;
  /** The `cursor` of the next page; null on the last. */
  next_cursor: string | null;
}

export function toWebhookResponse(endpoint: WebhookEndpoint): WebhookResponse {
  return {
    id: endpoint.id,
    name: endpoint.name,
    url: endpoint.url,
    events: endpoint.events,
    format: endpoint.format,
    is_enabled: endpoint.isEnabled,
    created_at: toIso(endpoint.createdAt),
    updated_at: toIso(endpoint.updatedAt),
  };
}

export function toCreatedWebhookResponse({ endpoint, secret }: CreatedEndpoint): CreatedWebhookResponse {
  return { ...toWebhookResponse(endpoint), secret };
}

export function toWebhookPageResponse({ items, total, nextCursor }: Page<WebhookEndpoint>): WebhookPageResponse {
  return { items: items.map(toWebhookResponse), total, next_cursor: nextCursor };
}
