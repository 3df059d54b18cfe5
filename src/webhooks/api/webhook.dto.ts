import { ApiProperty, ApiPropertyOptional, IntersectionType, PartialType, PickType } from '@nestjs/swagger';
import {
  ArrayMaxSize,
  IsArray,
  IsBoolean,
  IsIn,
  IsObject,
  IsOptional,
  IsString,
  IsUUID,
  MaxLength,
} from 'class-validator';
import { SEVERITIES, type Severity } from '../../common/alerting.js';
import { INSTANT_WORDS, IsInstant } from '../../common/instant.js';
import { IsGiven, IsGivenOrNull } from '../../common/is-given.js';
import { IsName } from '../../common/is-name.js';
import { PageQuery } from '../../common/pagination/index.js';
import { DELIVERY_STATUSES, type DeliveryStatus } from '../attempts/webhook-delivery-status.js';
import { PING_EVENT, SUBSCRIBABLE_EVENTS, type SubscribableEvent } from '../endpoints/webhook-events.js';
import { WEBHOOK_FORMATS, type WebhookFormatCode } from '../formats/index.js';

const EVENTS_RULE = `must be a list that holds only: ${SUBSCRIBABLE_EVENTS.join(', ')}; empty for an endpoint that only rules of its own use`;
const SEVERITY_RULE = `must be one of: ${SEVERITIES.join(', ')}; or null for any`;
const RULE_TYPES_RULE = 'must be a list of at most 50 of the types that GET /rule-types lists; empty for any';
const STATUS_RULE = `must be one of: ${DELIVERY_STATUSES.join(', ')}`;
const UUID_RULE = 'must be a UUID';
const EVENT_RULE = `must be one of: ${SUBSCRIBABLE_EVENTS.join(', ')}, ${PING_EVENT}`;
const FORMAT_RULE = `must be one of: ${WEBHOOK_FORMATS.join(', ')}`;

/** The fields that a new endpoint and a change share. */
class WebhookSettings {
  /** What people call it. */
  @IsName()
  name: string;

  /** Where events are sent: an https URL. The deployment decides which internal hosts may be named. */
  @IsString({ message: 'must be a URL' })
  @MaxLength(2048, { message: 'must be a URL of at most 2048 characters' })
  url: string;

  /** The events that it subscribes to. Empty for an endpoint that only rules use. */
  @IsArray({ message: EVENTS_RULE })
  @ArrayMaxSize(50, { message: EVENTS_RULE })
  @IsIn(SUBSCRIBABLE_EVENTS, { each: true, message: EVENTS_RULE })
  events: SubscribableEvent[];

  /** The format of the events. `standard` is Vedette's own JSON, signed by the Standard Webhooks specification. */
  @ApiPropertyOptional({ enum: WEBHOOK_FORMATS })
  @IsGiven()
  @IsIn(WEBHOOK_FORMATS, { message: FORMAT_RULE })
  format?: WebhookFormatCode;

  /** Whether events are sent at all. Pending deliveries wait while it is false. */
  @IsGiven()
  @IsBoolean({ message: 'must be true or false' })
  is_enabled?: boolean;

  /**
   * Only events of rules of this severity or above; null for any. A rule's own endpoint gets every event of the rule.
   */
  @ApiPropertyOptional({ enum: SEVERITIES, nullable: true })
  @IsGivenOrNull()
  @IsIn(SEVERITIES, { message: SEVERITY_RULE })
  min_severity?: Severity | null;

  /** Only events of rules of these types; empty for any. */
  @IsGiven()
  @IsArray({ message: RULE_TYPES_RULE })
  @ArrayMaxSize(50, { message: RULE_TYPES_RULE })
  @IsString({ each: true, message: RULE_TYPES_RULE })
  rule_types?: string[];

  /** Whether the events of one alert are sent in order: while one is retried, the later ones wait. */
  @IsGiven()
  @IsBoolean({ message: 'must be true or false' })
  ordered?: boolean;

  /**
   * Headers of every request, such as a token of the receiver. They are encrypted and never shown. New headers replace
   * all old ones.
   */
  @ApiPropertyOptional({ type: 'object', additionalProperties: { type: 'string' } })
  @IsGiven()
  @IsObject({ message: 'must be an object of header names and values' })
  headers?: Record<string, string>;

  /**
   * Settings of the format, such as `routing_key`. They are encrypted and never shown. New settings replace all old
   * ones.
   */
  @ApiPropertyOptional({ type: 'object', additionalProperties: { type: 'string' } })
  @IsGiven()
  @IsObject({ message: 'must be an object' })
  settings?: Record<string, unknown>;
}

/** A new webhook endpoint. */
export class CreateWebhookDto extends WebhookSettings {
  /** The format of the events. `standard` is Vedette's own JSON, signed by the Standard Webhooks specification. */
  @ApiPropertyOptional({ enum: WEBHOOK_FORMATS })
  override format: WebhookFormatCode = 'standard';

  /** Whether events are sent at all. */
  @ApiPropertyOptional()
  override is_enabled: boolean = true;
}

/** Changes to a webhook endpoint: a field that is left out stays as it is, and so does a URL as GET shows it. */
export class UpdateWebhookDto extends PartialType(WebhookSettings, { skipNullProperties: false }) {}

/** The fields that select deliveries, in a list and in a replay. */
class DeliverySelection {
  /** Only deliveries of this status. */
  @IsOptional()
  @IsIn(DELIVERY_STATUSES, { message: STATUS_RULE })
  status?: DeliveryStatus;

  /** Only deliveries about this alert. */
  @IsOptional()
  @IsUUID(undefined, { message: UUID_RULE })
  alert_id?: string;

  /** Only deliveries to this endpoint. */
  @IsOptional()
  @IsUUID(undefined, { message: UUID_RULE })
  webhook_id?: string;

  /** Only deliveries enqueued at this instant or later. */
  @IsOptional()
  @IsInstant({ message: INSTANT_WORDS })
  since?: string;

  /** Only deliveries enqueued before this instant. */
  @IsOptional()
  @IsInstant({ message: INSTANT_WORDS })
  until?: string;
}

/** Selects deliveries of one endpoint. */
export class DeliveriesQuery extends IntersectionType(PageQuery, PickType(DeliverySelection, ['status'])) {}

/** Selects deliveries of the organisation. */
export class DeliveryLogQuery extends IntersectionType(PageQuery, DeliverySelection) {
  /** Only deliveries of this event. */
  @IsOptional()
  @IsIn([...SUBSCRIBABLE_EVENTS, PING_EVENT], { message: EVENT_RULE })
  event_type?: string;
}

/** How to recover missed deliveries. */
export class RecoverDto {
  /** True: only count the deliveries, without sending them. */
  @ApiPropertyOptional()
  @IsBoolean({ message: 'must be true or false' })
  dry_run: boolean = false;
}

/**
 * Selects the deliveries to send again: those that match every given field. Pending ones and pings are never sent
 * again.
 */
export class ReplayDto extends DeliverySelection {
  /** Only deliveries of this event. */
  @IsOptional()
  @IsIn([...SUBSCRIBABLE_EVENTS], { message: EVENT_RULE })
  event_type?: string;

  /**
   * True: only count the deliveries, without sending them. The field is required, so that leaving it out cannot send
   * thousands.
   */
  @ApiProperty()
  @IsBoolean({ message: 'must be true to count only, or false to send' })
  dry_run: boolean;
}
