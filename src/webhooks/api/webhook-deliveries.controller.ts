import { Body, Controller, Get, HttpCode, Param, Post, Query } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { Access, CurrentPrincipal, type Principal } from '../../common/access/index.js';
import { parseInstant } from '../../common/instant.js';
import { PageQuery, pageRequest } from '../../common/pagination/index.js';
import type { DeliveryFilter } from './delivery-filter.js';
import { WebhookDeliveriesService } from './webhook-deliveries.service.js';
import {
  DeliveryDetailResponse,
  DeliveryPageResponse,
  toDeliveryDetailResponse,
  toDeliveryPageResponse,
} from './webhook-delivery.response.js';
import { ReplayPageResponse, ReplayResponse, toReplayPageResponse } from './webhook-replay.response.js';
import { WebhookReplaysService } from './webhook-replays.service.js';
import { DeliveryLogQuery, ReplayDto } from './webhook.dto.js';

/** The delivery log over all endpoints of an organisation. */
@Controller('webhook-deliveries')
@ApiTags('webhooks')
export class WebhookDeliveriesController {
  constructor(
    private readonly deliveries: WebhookDeliveriesService,
    private readonly replays: WebhookReplaysService,
  ) {}

  @Get()
  @Access('lead')
  @ApiOperation({ summary: 'Search the deliveries to all webhook endpoints, newest first' })
  @ApiOkResponse({ type: DeliveryPageResponse })
  async search(
    @CurrentPrincipal() { organizationId }: Principal,
    @Query() query: DeliveryLogQuery,
  ): Promise<DeliveryPageResponse> {
    return toDeliveryPageResponse(await this.deliveries.search(organizationId, toFilter(query), pageRequest(query)));
  }

  @Get('replays')
  @Access('lead')
  @ApiOperation({ summary: 'List replays and who requested them, newest first' })
  @ApiOkResponse({ type: ReplayPageResponse })
  async listReplays(
    @CurrentPrincipal() { organizationId }: Principal,
    @Query() query: PageQuery,
  ): Promise<ReplayPageResponse> {
    return toReplayPageResponse(await this.replays.list(organizationId, pageRequest(query)));
  }

  @Post('replays')
  @HttpCode(200)
  @Access('admin')
  @ApiOperation({
    summary:
      'Send deliveries again, or count them with dry_run. Ids stay the same; the current secret signs; disabled endpoints are included',
  })
  @ApiOkResponse({ type: ReplayResponse })
  async replay(
    @CurrentPrincipal() { organizationId, actorId }: Principal,
    @Body() body: ReplayDto,
  ): Promise<ReplayResponse> {
    const { dry_run: isDryRun, ...requestedFilter } = body;
    const filter = toFilter(requestedFilter);
    const count = isDryRun
      ? await this.replays.count(organizationId, filter)
      : await this.replays.replay(organizationId, filter, requestedFilter, actorId);
    return { dry_run: isDryRun, count };
  }

  @Get(':id')
  @Access('lead')
  @ApiOperation({ summary: 'Get a delivery with all its attempts' })
  @ApiOkResponse({ type: DeliveryDetailResponse })
  async get(
    @CurrentPrincipal() { organizationId }: Principal,
    @Param('id') id: string,
  ): Promise<DeliveryDetailResponse> {
    return toDeliveryDetailResponse(await this.deliveries.find(organizationId, id));
  }

  @Post(':id/replay')
  @HttpCode(200)
  @Access('admin')
  @ApiOperation({ summary: 'Send a completed delivery again' })
  @ApiOkResponse({ type: DeliveryDetailResponse })
  async replayOne(
    @CurrentPrincipal() { organizationId, actorId }: Principal,
    @Param('id') id: string,
  ): Promise<DeliveryDetailResponse> {
    await this.deliveries.find(organizationId, id);
    await this.replays.replayOne(organizationId, id, actorId);
    return toDeliveryDetailResponse(await this.deliveries.find(organizationId, id));
  }
}

function toFilter(query: Omit<ReplayDto, 'dry_run'>): DeliveryFilter {
  const given = {
    endpointId: query.webhook_id,
    alertId: query.alert_id,
    statuses: query.status === undefined ? undefined : [query.status],
    eventType: query.event_type,
    since: parseInstant(query.since),
    until: parseInstant(query.until),
  };
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
}
