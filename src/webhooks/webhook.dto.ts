import { ApiPropertyOptional } from '@nestjs/swagger';
import { ArrayMaxSize, IsArray, IsBoolean, IsIn, IsOptional, IsString, MaxLength, ValidateIf } from 'class-validator';
import { IsName } from '../common/is-name.js';
import { PageQuery } from '../common/pagination/index.js';
import { WEBHOOK_FORMATS, type WebhookFormatCode } from './formats/index.js';
import { DELIVERY_STATUSES, type DeliveryStatus } from './webhook-delivery-status.js';
import { SUBSCRIBABLE_EVENTS, type SubscribableEvent } from './webhook-events.js';

const EVENTS_RULE = `must be a list that holds only: ${SUBSCRIBABLE_EVENTS.join(', ')}; empty for an endpoint that only rules of its own use`;
const FORMAT_RULE = `must be one of: ${WEBHOOK_FORMATS.join(', ')}`;

/** Leaving a field out keeps it; unlike `IsOptional`, null is not taken for leaving it out. */
const IsGivenOrLeftOut = (): PropertyDecorator => ValidateIf((_, value) => value !== undefined);

/** A new webhook endpoint. */
export class CreateWebhookDto {
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
export class UpdateWebhookDto {
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
  @IsIn(DELIVERY_STATUSES, { message: `must be one of: ${DELIVERY_STATUSES.join(', ')}` })
  status?: DeliveryStatus;
}
