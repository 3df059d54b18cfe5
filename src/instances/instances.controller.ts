import { Controller, Get, HttpCode, Param, Post, Query } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiResponse, ApiTags } from '@nestjs/swagger';
import { Access, CurrentPrincipal, type Principal } from '../common/access/index.js';
import { pageRequest } from '../common/pagination/index.js';
import { ListInstancesQuery } from './instance.dto.js';
import { toInstanceResponse } from './instance.mapper.js';
import { InstanceListResponse, InstanceResponse, InstanceSummaryResponse } from './instance.response.js';
import { InstancesService } from './instances.service.js';

const REFUSED = {
  status: 409,
  description: 'The status of the alert does not allow it; current_status tells which it is.',
};

@ApiTags('instances')
@Controller('instances')
export class InstancesController {
  constructor(private readonly instances: InstancesService) {}

  @Get()
  @Access('viewer')
  @ApiOperation({ summary: 'List alerts, newest first' })
  async list(
    @CurrentPrincipal() principal: Principal,
    @Query() query: ListInstancesQuery,
  ): Promise<InstanceListResponse> {
    const { status, severity, rule_type: ruleType, rule_id: ruleId } = query;
    const page = await this.instances.list(
      principal.organizationId,
      { status, severity, ruleType, ruleId },
      pageRequest(query),
    );
    return { items: page.items.map(toInstanceResponse), total: page.total, next_cursor: page.nextCursor };
  }

  @Get('summary')
  @Access('viewer')
  @ApiOperation({ summary: 'How the alerts stand' })
  async summary(@CurrentPrincipal() principal: Principal): Promise<InstanceSummaryResponse> {
    const { byStatus, openBySeverity, openByRuleType, recent } = await this.instances.summary(principal.organizationId);
    return {
      total_open: byStatus.open,
      total_acknowledged: byStatus.acknowledged,
      total_resolved: byStatus.resolved,
      total_dismissed: byStatus.dismissed,
      by_severity: openBySeverity,
      by_rule_type: openByRuleType,
      recent_alerts: recent.map(toInstanceResponse),
    };
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
