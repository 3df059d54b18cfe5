import { Body, Controller, Get, Param, Patch, Post, Query } from '@nestjs/common';
import { ApiOperation, ApiResponse, ApiTags } from '@nestjs/swagger';
import { Access, CurrentPrincipal, type Principal } from '../../common/access/index.js';
import { AcceptsUnchangedAnswer } from '../../common/http/index.js';
import { pageRequest } from '../../common/pagination/index.js';
import {
  CreateRevalidationItemRequest,
  ListRevalidationItemsQuery,
  UpdateRevalidationItemRequest,
} from './revalidation-queue.dto.js';
import { toDueAt, toRevalidationItemResponse } from './revalidation-queue.mapper.js';
import { RevalidationItemListResponse, RevalidationItemResponse } from './revalidation-queue.response.js';
import { RevalidationQueueService } from './revalidation-queue.service.js';

@ApiTags('revalidation-queue')
@Controller('revalidation-queue')
export class RevalidationQueueController {
  constructor(private readonly queue: RevalidationQueueService) {}

  @Get()
  @Access('viewer')
  @ApiOperation({ summary: 'List the revalidation queue, oldest first' })
  async list(
    @CurrentPrincipal() principal: Principal,
    @Query() query: ListRevalidationItemsQuery,
  ): Promise<RevalidationItemListResponse> {
    const filters = { status: query.status, assigneeId: query.assignee_id };
    const page = await this.queue.list(principal.organizationId, filters, pageRequest(query));
    return { items: page.items.map(toRevalidationItemResponse), total: page.total, next_cursor: page.nextCursor };
  }

  @Post()
  @Access('analyst')
  @ApiOperation({ summary: 'Add a technique to the revalidation queue' })
  @ApiResponse({ status: 409, description: 'The queue already has an unfinished item of the technique.' })
  async add(
    @CurrentPrincipal() principal: Principal,
    @Body() body: CreateRevalidationItemRequest,
  ): Promise<RevalidationItemResponse> {
    const input = {
      attackId: body.attack_id,
      reason: body.reason ?? null,
      assigneeId: body.assignee_id ?? null,
      dueAt: toDueAt(body.due_at) ?? null,
    };
    return toRevalidationItemResponse(await this.queue.add(principal.organizationId, input, principal.actorId));
  }

  @Patch(':id')
  @Access('analyst')
  @ApiOperation({ summary: 'Change an item of the revalidation queue, or complete it with the outcome of the review' })
  @ApiResponse({
    status: 409,
    description:
      'The status of the item changed meanwhile, the technique has another unfinished item, or the technique is no longer applicable.',
  })
  @AcceptsUnchangedAnswer<RevalidationQueueController>(UpdateRevalidationItemRequest, (queue, principal, { id }) =>
    queue.current(principal, id!),
  )
  async change(
    @CurrentPrincipal() principal: Principal,
    @Param('id') id: string,
    @Body() body: UpdateRevalidationItemRequest,
  ): Promise<RevalidationItemResponse> {
    const changes = {
      status: body.status,
      outcome: body.outcome,
      reviewedAt: toDueAt(body.reviewed_at) ?? undefined,
      reason: body.reason,
      assigneeId: body.assignee_id,
      dueAt: toDueAt(body.due_at),
    };
    return toRevalidationItemResponse(
      await this.queue.change(principal.organizationId, id, changes, principal.actorId),
    );
  }

  /** An item, as the list shows it. */
  async current({ organizationId }: Principal, id: string): Promise<RevalidationItemResponse> {
    return toRevalidationItemResponse(await this.queue.get(organizationId, id));
  }
}
