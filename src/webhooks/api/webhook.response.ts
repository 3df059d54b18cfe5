import { ApiProperty } from '@nestjs/swagger';
import type { Page } from '../../common/pagination/index.js';
import { toIso } from '../../common/wire.js';
import { ENDPOINT_STATES, type EndpointState, type EndpointView } from './webhook-endpoint-views.js';

/** The health of a webhook endpoint. */
export class WebhookHealthResponse {
  /**
   * `failing`: the latest attempt failed. `paused`: the endpoint asked for a pause, or did not answer in time.
   * `breaker_open`: most attempts failed; one delivery at a time is tried, and the others wait.
   */
  @ApiProperty({ enum: ENDPOINT_STATES })
  state: EndpointState;
  /** The number of failed attempts since the latest success. */
  @ApiProperty({ type: 'integer' })
  consecutive_failures: number;
  /** The first failure since the latest success, ISO 8601, UTC; null if there is none. */
  failing_since: string | null;
  /** Nothing is sent before this time, ISO 8601, UTC; null if nothing is on hold. */
  held_until: string | null;
  /** ISO 8601, UTC. */
  last_success_at: string | null;
  /** ISO 8601, UTC. */
  last_failure_at: string | null;
  /** The error of the latest failure. */
  last_error: string | null;
  /**
   * Why Vedette disabled it: `gone` (it answered 410) or `failing` (all attempts failed for 120 hours); null if Vedette
   * did not disable it.
   */
  disabled_reason: string | null;
  /**
   * The number of deliveries that failed or were missed since the failures that disabled it began.
   * `POST /webhooks/{id}/recover` sends them.
   */
  @ApiProperty({ type: 'integer' })
  recoverable: number;
}

/** A webhook endpoint. */
export class WebhookResponse {
  id: string;
  name: string;
  /**
   * The URL of the receiver, without credentials. For formats other than `standard` the path can be a credential, so
   * only the host is shown. A query is never shown.
   */
  url: string;
  /** The subscribed event types. */
  events: string[];
  /** The format of the messages. */
  format: string;
  /** False if a person disabled it, or Vedette did after failures. */
  is_enabled: boolean;
  /** Only events of rules of this severity or above; null for any. */
  min_severity: string | null;
  /** Only events of rules of these types; empty for any. */
  rule_types: string[];
  /** Whether the events of one alert are sent strictly one after the other. */
  ordered: boolean;
  /** Names of the extra headers of every request. Their values are never shown. */
  header_names: string[];
  /** Names of the format's settings that have a value. The values are never shown. */
  setting_names: string[];
  /** Deliveries are also signed with the old secret until this time, ISO 8601, UTC; null before the first rotation. */
  previous_secret_until: string | null;
  health: WebhookHealthResponse;
  /** ISO 8601, UTC. */
  created_at: string;
  /** ISO 8601, UTC. */
  updated_at: string;
}

/** A webhook endpoint with its new secret. */
export class CreatedWebhookResponse extends WebhookResponse {
  /** The signing secret: `whsec_` and base64. It is shown only once. */
  secret: string;
}

/** A page of webhook endpoints. */
export class WebhookPageResponse {
  items: WebhookResponse[];
  /** The total number. */
  @ApiProperty({ type: 'integer' })
  total: number;
  /** The `cursor` of the next page; null on the last page. */
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
