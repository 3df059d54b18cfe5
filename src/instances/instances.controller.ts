import { Controller, Get, Header, HttpCode, Param, Post, Query } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiResponse, ApiTags } from '@nestjs/swagger';
import { Access, CurrentPrincipal, type Principal } from '../common/access/index.js';
import { pageRequest } from '../common/pagination/index.js';
import { InstanceAnswers } from './instance-answers.js';
import { ListInstancesQuery } from './instance.dto.js';
import { toInstanceResponse } from './instance.mapper.js';
import { InstanceListResponse, InstanceResponse, InstanceSummaryResponse } from './instance.response.js';
import { InstancesService } from './instances.service.js';

/** The content type of answers that are sent as ready JSON. */
const JSON_TYPE = 'application/json; charset=utf-8';

const REFUSED = {
  status: 409,
  description: 'The status of the alert does not allow it; current_status holds the status.',
};

@ApiTags('instances')
@Controller('instances')
export class InstancesController {
  constructor(
    private readonly instances: InstancesService,
    private readonly answers: InstanceAnswers,
  ) {}

  @Get()
  @Access('viewer')
  @Header('content-type', JSON_TYPE)
  @ApiOperation({ summary: 'List alerts, newest first' })
  @ApiOkResponse({ type: InstanceListResponse })
  list(@CurrentPrincipal() principal: Principal, @Query() query: ListInstancesQuery): Promise<Buffer> {
    const { status, severity, rule_type: ruleType, rule_id: ruleId } = query;
    return this.answers.list(principal.organizationId, { status, severity, ruleType, ruleId }, pageRequest(query));
  }

  @Get('summary')
  @Access('viewer')
  @Header('content-type', JSON_TYPE)
  @ApiOperation({ summary: 'Count alerts by status, severity and rule type' })
  @ApiOkResponse({ type: InstanceSummaryResponse })
  summary(@CurrentPrincipal() principal: Principal): Promise<Buffer> {
    return this.answers.summary(principal.organizationId);
  }

  @Get(':id')
  @Access('viewer')
  @ApiOperation({ summary: 'Get an alert' })
  async get(@CurrentPrincipal() principal: Principal, @Param('id') id: string): Promise<InstanceResponse> {
    return toInstanceResponse(await this.instances.get(principal.organizationId, id));
  }

  @Post(':id/acknowledge')
  @HttpCode(200)
  @Access('analyst')
  @ApiOperation({ summary: 'Acknowledge an open alert' })
  @ApiOkResponse({ type: InstanceResponse })
  @ApiResponse(REFUSED)
  async acknowledge(@CurrentPrincipal() principal: Principal, @Param('id') id: string): Promise<InstanceResponse> {
    return toInstanceResponse(
      await this.instances.transition(principal.organizationId, id, 'acknowledge', principal.actorId),
    );
  }

  @Post(':id/resolve')
  @HttpCode(200)
  @Access('lead')
  @ApiOperation({ summary: 'Resolve an alert' })
  @ApiOkResponse({ type: InstanceResponse })
  @ApiResponse(REFUSED)
  async resolve(@CurrentPrincipal() principal: Principal, @Param('id') id: string): Promise<InstanceResponse> {
    return toInstanceResponse(
      await this.instances.transition(principal.organizationId, id, 'resolve', principal.actorId),
    );
  }

  @Post(':id/dismiss')
  @HttpCode(200)
  @Access('lead')
  @ApiOperation({ summary: 'Dismiss an alert' })
  @ApiOkResponse({ type: InstanceResponse })
  @ApiResponse(REFUSED)
  async dismiss(@CurrentPrincipal() principal: Principal, @Param('id') id: string): Promise<InstanceResponse> {
    return toInstanceResponse(
      await this.instances.transition(principal.organizationId, id, 'dismiss', principal.actorId),
    );
  }
}
