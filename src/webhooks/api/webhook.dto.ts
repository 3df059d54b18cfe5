import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
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
  ValidateIf,
} from 'class-validator';
import { SEVERITIES, type Severity } from '../../common/alerting.js';
import { INSTANT_WORDS, IsInstant } from '../../common/instant.js';
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

/** Leaving a field out keeps it; unlike `IsOptional`, null is not taken for leaving it out. */
const IsGivenOrLeftOut = (): PropertyDecorator => ValidateIf((_, value) => value !== undefined);

/** What may be left out of a new endpoint and of a change alike. */
abstract class WebhookOptions {
  /** Only events of rules of this severity or above; null for any. A rule's own endpoint is told of everything. */
  @ApiPropertyOptional({ enum: SEVERITIES, nullable: true })
  @ValidateIf((_, value) => value !== undefined && value !== null)
  @IsIn(SEVERITIES, { message: SEVERITY_RULE })
  min_severity?: Severity | null;

  /** Only events of rules of these types; empty for any. */
  @IsGivenOrLeftOut()
  @IsArray({ message: RULE_TYPES_RULE })
  @ArrayMaxSize(50, { message: RULE_TYPES_RULE })
  @IsString({ each: true, message: RULE_TYPES_RULE })
  rule_types?: string[];

  /** Whether the events of one alert are sent one after the other: while one is being repeated, those after it wait. */
  @IsGivenOrLeftOut()
  @IsBoolean({ message: 'must be true or false' })
  ordered?: boolean;

  /** Headers that go along with every request, such as a token of the receiver's. They are encrypted and never shown; given anew, they replace all. */
  @ApiPropertyOptional({ type: 'object', additionalProperties: { type: 'string' } })
  @IsGivenOrLeftOut()
  @IsObject({ message: 'must be an object of header names and values' })
  headers?: Record<string, string>;

  /** What the format needs, such as `routing_key`. Encrypted and never shown; given anew, they replace all. */
  @ApiPropertyOptional({ type: 'object', additionalProperties: { type: 'string' } })
  @IsGivenOrLeftOut()
  @IsObject({ message: 'must be an object' })
  settings?: Record<string, unknown>;
}

/** A new webhook endpoint. */
export class CreateWebhookDto extends WebhookOptions {
  /** What people call it. */
  @IsName()
  name: string;

  /** Where events are sent: an https URL. The deployment decides which internal hosts may be named. */
  @IsString({ message: 'must be a URL' })
  @MaxLength(2048, { message: 'must be a URL of at most 2048 characters' })
  url: string;

  /** What it subscribes to. Empty for an endpoint that only rules of its own use. */
  @IsArray({ message: EVENTS_RULE })
  @ArrayMaxSize(50, { message: EVENTS_RULE })
  @IsIn(SUBSCRIBABLE_EVENTS, { each: true, message: EVENTS_RULE })
  events: SubscribableEvent[];

  /** How events are written: `standard` is our JSON, signed as Standard Webhooks says. */
  @ApiPropertyOptional({ enum: WEBHOOK_FORMATS })
  @IsIn(WEBHOOK_FORMATS, { message: FORMAT_RULE })
  format: WebhookFormatCode = 'standard';

  /** Whether events are sent at all. */
  @ApiPropertyOptional()
  @IsBoolean({ message: 'must be true or false' })
  is_enabled: boolean = true;
}

/** Changes to a webhook endpoint: what is left out stays. */
export class UpdateWebhookDto extends WebhookOptions {
  /** What people call it. */
  @IsGivenOrLeftOut()
  @IsName()
  name?: string;

  /** Where events are sent: an https URL. The deployment decides which internal hosts may be named. */
  @IsGivenOrLeftOut()
  @IsString({ message: 'must be a URL' })
  @MaxLength(2048, { message: 'must be a URL of at most 2048 characters' })
  url?: string;

  /** What it subscribes to. Empty for an endpoint that only rules of its own use. */
  @IsGivenOrLeftOut()
  @IsArray({ message: EVENTS_RULE })
  @ArrayMaxSize(50, { message: EVENTS_RULE })
  @IsIn(SUBSCRIBABLE_EVENTS, { each: true, message: EVENTS_RULE })
  events?: SubscribableEvent[];

  /** How events are written: `standard` is our JSON, signed as Standard Webhooks says. */
  @IsGivenOrLeftOut()
  @IsIn(WEBHOOK_FORMATS, { message: FORMAT_RULE })
  format?: WebhookFormatCode;

  /** Whether events are sent at all. What is pending while it is false waits. */
  @IsGivenOrLeftOut()
  @IsBoolean({ message: 'must be true or false' })
  is_enabled?: boolean;
}

/** Which deliveries of an endpoint to list. */
export class DeliveriesQuery extends PageQuery {
  /** Only deliveries of this status. */
  @IsOptional()
  @IsIn(DELIVERY_STATUSES, { message: STATUS_RULE })
  status?: DeliveryStatus;
}

/** Which deliveries of the organisation to list. */
export class DeliveryLogQuery extends DeliveriesQuery {
  /** Only deliveries that tell of this alert. */
  @IsOptional()
  @IsUUID(undefined, { message: UUID_RULE })
  alert_id?: string;

  /** Only deliveries to this endpoint. */
  @IsOptional()
  @IsUUID(undefined, { message: UUID_RULE })
  webhook_id?: string;

  /** Only deliveries of this event. */
  @IsOptional()
  @IsIn([...SUBSCRIBABLE_EVENTS, PING_EVENT], { message: EVENT_RULE })
  event_type?: string;

  /** Only deliveries enqueued from then on. */
  @IsOptional()
  @IsInstant({ message: INSTANT_WORDS })
  since?: string;

  /** Only deliveries enqueued before then. */
  @IsOptional()
  @IsInstant({ message: INSTANT_WORDS })
  until?: string;
}

/** Whether to count only. */
export class RecoverDto {
  /** True: only count what would be sent. */
  @ApiPropertyOptional()
  @IsBoolean({ message: 'must be true or false' })
  dry_run: boolean = false;
}

/** Which deliveries to send again: those that everything given fits. Pending ones and pings are never among them. */
export class ReplayDto {
  /** Only deliveries that tell of this alert. */
  @IsOptional()
  @IsUUID(undefined, { message: UUID_RULE })
  alert_id?: string;

  /** Only deliveries to this endpoint. */
  @IsOptional()
  @IsUUID(undefined, { message: UUID_RULE })
  webhook_id?: string;

  /** Only deliveries of this status. */
  @IsOptional()
  @IsIn(DELIVERY_STATUSES, { message: STATUS_RULE })
  status?: DeliveryStatus;

  /** Only deliveries of this event. */
  @IsOptional()
  @IsIn([...SUBSCRIBABLE_EVENTS], { message: EVENT_RULE })
  event_type?: string;

  /** Only deliveries enqueued from then on. */
  @IsOptional()
  @IsInstant({ message: INSTANT_WORDS })
  since?: string;

  /** Only deliveries enqueued before then. */
  @IsOptional()
  @IsInstant({ message: INSTANT_WORDS })
  until?: string;

  /** True: only count what would be sent. It has to be said, so that nobody sends thousands by leaving something out. */
  @ApiProperty()
  @IsBoolean({ message: 'must be true to count only, or false to send' })
  dry_run: boolean;
}
