import { Body, Controller, Delete, Get, HttpCode, Param, Patch, Post, Query } from '@nestjs/common';
import { ApiCreatedResponse, ApiNoContentResponse, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { Access, CurrentPrincipal, type Principal } from '../../common/access/index.js';
import { AcceptsUnchangedAnswer } from '../../common/http/index.js';
import { PageQuery, pageRequest } from '../../common/pagination/index.js';
import { WebhookDeliveriesService } from './webhook-deliveries.service.js';
import {
  DeliveryDetailResponse,
  DeliveryPageResponse,
  toDeliveryDetailResponse,
  toDeliveryPageResponse,
} from './webhook-delivery.response.js';
import { WebhookEndpointViews } from './webhook-endpoint-views.js';
import { WebhookEndpointsService, type EndpointInput } from './webhook-endpoints.service.js';
import { WebhookPingService } from './webhook-ping.service.js';
import { ReplayResponse } from './webhook-replay.response.js';
import { WebhookReplaysService } from './webhook-replays.service.js';
import { CreateWebhookDto, DeliveriesQuery, RecoverDto, UpdateWebhookDto } from './webhook.dto.js';
import {
  CreatedWebhookResponse,
  toCreatedWebhookResponse,
  toWebhookPageResponse,
  toWebhookResponse,
  WebhookPageResponse,
  WebhookResponse,
} from './webhook.response.js';

@Controller('webhooks')
@ApiTags('webhooks')
export class WebhooksController {
  constructor(
    private readonly endpoints: WebhookEndpointsService,
    private readonly deliveries: WebhookDeliveriesService,
    private readonly pings: WebhookPingService,
    private readonly views: WebhookEndpointViews,
    private readonly replays: WebhookReplaysService,
  ) {}

  @Post()
  @Access('admin')
  @ApiOperation({ summary: 'Create a webhook endpoint. Only this response shows its signing secret' })
  @ApiCreatedResponse({ type: CreatedWebhookResponse })
  async create(
    @CurrentPrincipal() principal: Principal,
    @Body() body: CreateWebhookDto,
  ): Promise<CreatedWebhookResponse> {
    const { endpoint, secret } = await this.endpoints.create(
      principal.organizationId,
      toInput(body),
      principal.actorId,
    );
    return toCreatedWebhookResponse(await this.views.one(endpoint), secret);
  }

  @Get()
  @Access('lead')
  @ApiOperation({ summary: 'List webhook endpoints, oldest first' })
  @ApiOkResponse({ type: WebhookPageResponse })
  async list(
    @CurrentPrincipal() { organizationId }: Principal,
    @Query() query: PageQuery,
  ): Promise<WebhookPageResponse> {
    const { items, ...page } = await this.endpoints.list(organizationId, pageRequest(query));
    return toWebhookPageResponse(page, await this.views.of(organizationId, items));
  }

  @Get(':id')
  @Access('lead')
  @ApiOperation({ summary: 'Get a webhook endpoint' })
  @ApiOkResponse({ type: WebhookResponse })
  async get(@CurrentPrincipal() { organizationId }: Principal, @Param('id') id: string): Promise<WebhookResponse> {
    return toWebhookResponse(await this.views.one(await this.endpoints.get(organizationId, id)));
  }

  @Patch(':id')
  @Access('admin')
  @ApiOperation({
    summary:
      'Change a webhook endpoint. Enabling it sends the deliveries that were on hold; health.recoverable counts the missed ones',
  })
  @ApiOkResponse({ type: WebhookResponse })
  @AcceptsUnchangedAnswer<WebhooksController>(
    UpdateWebhookDto,
    (webhooks, principal, { id }) => webhooks.get(principal, id!),
    ['url'],
  )
  async update(
    @CurrentPrincipal() { organizationId }: Principal,
    @Param('id') id: string,
    @Body() body: UpdateWebhookDto,
  ): Promise<WebhookResponse> {
    return toWebhookResponse(await this.views.one(await this.endpoints.update(organizationId, id, toInput(body))));
  }

  @Delete(':id')
  @HttpCode(204)
  @Access('admin')
  @ApiOperation({ summary: 'Delete a webhook endpoint and its deliveries, and remove it from rules that used it' })
  @ApiNoContentResponse()
  async delete(@CurrentPrincipal() { organizationId }: Principal, @Param('id') id: string): Promise<void> {
    await this.endpoints.delete(organizationId, id);
  }

  @Post(':id/rotate-secret')
  @HttpCode(200)
  @Access('admin')
  @ApiOperation({
    summary: 'Create a new signing secret, shown only once. Deliveries are also signed with the old one for 24 hours',
  })
  @ApiOkResponse({ type: CreatedWebhookResponse })
  async rotateSecret(
    @CurrentPrincipal() { organizationId }: Principal,
    @Param('id') id: string,
  ): Promise<CreatedWebhookResponse> {
    const { endpoint, secret } = await this.endpoints.rotateSecret(organizationId, id);
    return toCreatedWebhookResponse(await this.views.one(endpoint), secret);
  }

  @Post(':id/recover')
  @HttpCode(200)
  @Access('admin')
  @ApiOperation({
    summary: 'Send the missed deliveries and those that failed since the failures began, or count them with dry_run',
  })
  @ApiOkResponse({ type: ReplayResponse })
  async recover(
    @CurrentPrincipal() { organizationId, actorId }: Principal,
    @Param('id') id: string,
    @Body() { dry_run: isDryRun }: RecoverDto,
  ): Promise<ReplayResponse> {
    const { health } = await this.views.one(await this.endpoints.get(organizationId, id));
    const since = health?.recoverSince;
    if (!since) return { dry_run: isDryRun, count: 0 };
    const filter = { endpointId: id, statuses: ['missed', 'failed'] as const, completedSince: since };
    const requestedFilter = { webhook_id: id, recover: true };
    const count = isDryRun
      ? await this.replays.count(organizationId, filter)
      : await this.replays.replay(organizationId, filter, requestedFilter, actorId);
    return { dry_run: isDryRun, count };
  }

  @Post(':id/test')
  @HttpCode(200)
  @Access('admin')
  @ApiOperation({
    summary: 'Send one ping in the same way as alerts, and wait for its result. A disabled endpoint can be tested too',
  })
  @ApiOkResponse({ type: DeliveryDetailResponse })
  async test(
    @CurrentPrincipal() { organizationId }: Principal,
    @Param('id') id: string,
  ): Promise<DeliveryDetailResponse> {
    const endpoint = await this.endpoints.get(organizationId, id);
    return toDeliveryDetailResponse(await this.pings.ping(endpoint));
  }

  @Get(':id/deliveries')
  @Access('lead')
  @ApiOperation({ summary: 'List the deliveries to a webhook endpoint, newest first' })
  @ApiOkResponse({ type: DeliveryPageResponse })
  async listDeliveries(
    @CurrentPrincipal() { organizationId }: Principal,
    @Param('id') id: string,
    @Query() query: DeliveriesQuery,
  ): Promise<DeliveryPageResponse> {
    const endpoint = await this.endpoints.get(organizationId, id);
    return toDeliveryPageResponse(
      await this.deliveries.list(organizationId, endpoint.id, { ...pageRequest(query), status: query.status }),
    );
  }

  @Get(':id/deliveries/:delivery_id')
  @Access('lead')
  @ApiOperation({ summary: 'Get a delivery with all its attempts' })
  @ApiOkResponse({ type: DeliveryDetailResponse })
  async getDelivery(
    @CurrentPrincipal() { organizationId }: Principal,
    @Param('id') id: string,
    @Param('delivery_id') deliveryId: string,
  ): Promise<DeliveryDetailResponse> {
    const endpoint = await this.endpoints.get(organizationId, id);
    return toDeliveryDetailResponse(await this.deliveries.get(organizationId, endpoint.id, deliveryId));
  }
}

function toInput(body: CreateWebhookDto): EndpointInput;
function toInput(body: UpdateWebhookDto): Partial<EndpointInput>;
function toInput(body: UpdateWebhookDto): Partial<EndpointInput> {
  const { is_enabled: isEnabled, min_severity: minSeverity, rule_types: ruleTypes, ordered: isOrdered, ...rest } = body;
  const input = { ...rest, isEnabled, minSeverity, ruleTypes, isOrdered };
  return Object.fromEntries(Object.entries(input).filter(([, value]) => value !== undefined));
}
