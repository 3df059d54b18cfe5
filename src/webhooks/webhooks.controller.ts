import { Body, Controller, Delete, Get, HttpCode, Param, Patch, Post, Query } from '@nestjs/common';
import { ApiCreatedResponse, ApiNoContentResponse, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { Access, CurrentPrincipal, type Principal } from '../common/access/index.js';
import { PageQuery, pageRequest } from '../common/pagination/index.js';
import { WebhookDeliveriesService } from './webhook-deliveries.service.js';
import {
  DeliveryDetailResponse,
  DeliveryPageResponse,
  toDeliveryDetailResponse,
  toDeliveryPageResponse,
} from './webhook-delivery.response.js';
import { WebhookEndpointsService } from './webhook-endpoints.service.js';
import { WebhookPingService } from './webhook-ping.service.js';
import { CreateWebhookDto, DeliveriesQuery, UpdateWebhookDto } from './webhook.dto.js';
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
  ) {}

  @Post()
  @Access('admin')
  @ApiOperation({ summary: 'Create a webhook endpoint; the answer shows its signing secret this once' })
  @ApiCreatedResponse({ type: CreatedWebhookResponse })
  async create(
    @CurrentPrincipal() principal: Principal,
    @Body() body: CreateWebhookDto,
  ): Promise<CreatedWebhookResponse> {
    const { is_enabled: isEnabled, ...input } = body;
    return toCreatedWebhookResponse(
      await this.endpoints.create(principal.organizationId, { ...input, isEnabled }, principal.actorId),
    );
  }

  @Get()
  @Access('lead')
  @ApiOperation({ summary: 'List webhook endpoints, oldest first' })
  @ApiOkResponse({ type: WebhookPageResponse })
  async list(
    @CurrentPrincipal() { organizationId }: Principal,
    @Query() query: PageQuery,
  ): Promise<WebhookPageResponse> {
    return toWebhookPageResponse(await this.endpoints.list(organizationId, pageRequest(query)));
  }

  @Get(':id')
  @Access('lead')
  @ApiOperation({ summary: 'Get a webhook endpoint' })
  @ApiOkResponse({ type: WebhookResponse })
  async get(@CurrentPrincipal() { organizationId }: Principal, @Param('id') id: string): Promise<WebhookResponse> {
    return toWebhookResponse(await this.endpoints.get(organizationId, id));
  }

  @Patch(':id')
  @Access('admin')
  @ApiOperation({ summary: 'Change a webhook endpoint' })
  @ApiOkResponse({ type: WebhookResponse })
  async update(
    @CurrentPrincipal() { organizationId }: Principal,
    @Param('id') id: string,
    @Body() body: UpdateWebhookDto,
  ): Promise<WebhookResponse> {
    const { is_enabled: isEnabled, ...changes } = body;
    return toWebhookResponse(await this.endpoints.update(organizationId, id, { ...changes, isEnabled }));
  }

  @Delete(':id')
  @HttpCode(204)
  @Access('admin')
  @ApiOperation({ summary: 'Delete a webhook endpoint and its deliveries; rules that used it lose it' })
  @ApiNoContentResponse()
  async delete(@CurrentPrincipal() { organizationId }: Principal, @Param('id') id: string): Promise<void> {
    await this.endpoints.delete(organizationId, id);
  }

  @Post(':id/test')
  @HttpCode(200)
  @Access('admin')
  @ApiOperation({
    summary:
      'Send a ping the way alerts are sent, once, and wait for its outcome; a disabled endpoint can be tested too',
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
