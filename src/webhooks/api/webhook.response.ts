import { ApiProperty } from '@nestjs/swagger';
import type { Page } from '../../common/pagination/index.js';
import { toIso } from '../../common/wire.js';
import { ENDPOINT_STATES, type EndpointState, type EndpointView } from './webhook-endpoint-views.js';

/** How an endpoint does. */
export class WebhookHealthResponse {
  /**
   * `failing`: the latest attempt failed. `paused`: it asked to be left alone, or did not answer in time. `breaker_open`: nearly everything failed, so that one
   * delivery is tried now and then and the others wait.
   */
  @ApiProperty({ enum: ENDPOINT_STATES })
  state: EndpointState;
  /** Failed attempts since the latest success. */
  @ApiProperty({ type: 'integer' })
  consecutive_failures: number;
  /** ISO 8601, UTC; null while it does not fail. */
  failing_since: string | null;
  /** Nothing is sent before, ISO 8601, UTC; null where nothing is held. */
  held_until: string | null;
  /** ISO 8601, UTC. */
  last_success_at: string | null;
  /** ISO 8601, UTC. */
  last_failure_at: string | null;
  /** What the latest failure was. */
  last_error: string | null;
  /** Why it was disabled where nobody did: `gone` (it answered 410) or `failing` (nothing but failure for 120 hours). */
  disabled_reason: string | null;
  /** Deliveries lost to the illness that disabled it; `POST /webhooks/{id}/recover` sends them. */
  @ApiProperty({ type: 'integer' })
  recoverable: number;
}

/** A webhook endpoint. */
export class WebhookResponse {
  id: string;
  name: string;
  /**
   * Where events are sent, as far as it may be shown. Formats other than `standard` are sent to addresses that are credentials themselves: of those the host
   * alone is shown; a query never is.
   */
  url: string;
  /** What it subscribes to. */
  events: string[];
  /** How events are written. */
  format: string;
  /** False when somebody disabled it, or its failures did. */
  is_enabled: boolean;
  /** Only events of rules of this severity or above; null for any. */
  min_severity: string | null;
  /** Only events of rules of these types; empty for any. */
  rule_types: string[];
  /** Whether the events of one alert are sent one after the other. */
  ordered: boolean;
  /** Names of the headers that go along with every request. Their values are never shown. */
  header_names: string[];
  /** Names of the format's settings that are set. Their values are never shown. */
  setting_names: string[];
  /** Until when the signing secret before the latest rotation signs along, ISO 8601, UTC; null when none does. */
  previous_secret_until: string | null;
  health: WebhookHealthResponse;
  /** ISO 8601, UTC. */
  created_at: string;
  /** ISO 8601, UTC. */
  updated_at: string;
}

/** A webhook endpoint with a secret that was just made. */
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

export function toWebhookResponse(view: EndpointView): WebhookResponse {
  const { endpoint, shownUrl } = view;
  return {
    id: endpoint.id,
    name: endpoint.name,
    url: shownUrl,
    events: endpoint.events,
    format: endpoint.format,
    is_enabled: endpoint.isEnabled,
    min_severity: endpoint.minSeverity,
    rule_types: endpoint.ruleTypes,
    ordered: endpoint.isOrdered,
    header_names: endpoint.headerNames,
    setting_names: endpoint.settingNames,
    previous_secret_until: toIso(endpoint.previousSecretUntil),
    health: toHealthResponse(view),
    created_at: toIso(endpoint.createdAt),
    updated_at: toIso(endpoint.updatedAt),
  };
}

function toHealthResponse({ endpoint, state, health, recoverable }: EndpointView): WebhookHealthResponse {
  return {
    state,
    consecutive_failures: health?.consecutiveFailures ?? 0,
    failing_since: toIso(health?.failingSince ?? null),
    held_until:
      state === 'breaker_open' ? toIso(health!.openUntil) : state === 'paused' ? toIso(health!.pausedUntil) : null,
    last_success_at: toIso(health?.lastSuccessAt ?? null),
    last_failure_at: toIso(health?.lastFailureAt ?? null),
    last_error: health?.lastError ?? null,
    disabled_reason: endpoint.disabledReason,
    recoverable,
  };
}

export function toCreatedWebhookResponse(view: EndpointView, secret: string): CreatedWebhookResponse {
  return { ...toWebhookResponse(view), secret };
}

export function toWebhookPageResponse(
  { total, nextCursor }: Omit<Page<unknown>, 'items'>,
  views: readonly EndpointView[],
): WebhookPageResponse {
  return { items: views.map(toWebhookResponse), total, next_cursor: nextCursor };
}
