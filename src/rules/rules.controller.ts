import { Body, Controller, Delete, Get, HttpCode, Param, Patch, Post, Query } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { Access, CurrentPrincipal, type Principal } from '../common/access/index.js';
import { AcceptsUnchangedAnswer } from '../common/http/index.js';
import { pageRequest } from '../common/pagination/index.js';
import { CreateRuleRequest, ListRulesQuery, UpdateRuleRequest } from './rule.dto.js';
import { toRuleChanges, toRuleResponse } from './rule.mapper.js';
import { RuleListResponse, RuleResponse } from './rule.response.js';
import { RulesService } from './rules.service.js';

@ApiTags('rules')
@Controller('rules')
export class RulesController {
  constructor(private readonly rules: RulesService) {}

  @Get()
  @Access('viewer')
  @ApiOperation({ summary: 'List rules, oldest first' })
  async list(@CurrentPrincipal() principal: Principal, @Query() query: ListRulesQuery): Promise<RuleListResponse> {
    const filters = { ruleType: query.rule_type, includeDisabled: query.include_disabled ?? false };
    const page = await this.rules.list(principal.organizationId, filters, pageRequest(query));
    return { items: page.items.map(toRuleResponse), total: page.total, next_cursor: page.nextCursor };
  }

  @Get(':id')
  @Access('viewer')
  @ApiOperation({ summary: 'Get a rule' })
  async get(@CurrentPrincipal() principal: Principal, @Param('id') id: string): Promise<RuleResponse> {
    return toRuleResponse(await this.rules.get(principal.organizationId, id));
  }

  @Post()
  @Access('lead')
  @ApiOperation({ summary: 'Create a rule' })
  async create(@CurrentPrincipal() principal: Principal, @Body() body: CreateRuleRequest): Promise<RuleResponse> {
    const rule = { ...toRuleChanges(body), name: body.name, ruleType: body.rule_type, severity: body.severity };
    return toRuleResponse(await this.rules.create(principal.organizationId, rule, principal.actorId));
  }

  @Patch(':id')
  @Access('lead')
  @ApiOperation({ summary: 'Change a rule' })
  @AcceptsUnchangedAnswer<RulesController>(UpdateRuleRequest, (rules, principal, { id }) => rules.get(principal, id!))
  async change(
    @CurrentPrincipal() principal: Principal,
    @Param('id') id: string,
    @Body() body: UpdateRuleRequest,
  ): Promise<RuleResponse> {
    return toRuleResponse(await this.rules.change(principal.organizationId, id, toRuleChanges(body), body.rule_type));
  }

  @Delete(':id')
  @HttpCode(204)
  @Access('lead')
  @ApiOperation({ summary: 'Delete a rule; its alerts stay. A system rule can only be disabled.' })
  async delete(@CurrentPrincipal() principal: Principal, @Param('id') id: string): Promise<void> {
    await this.rules.delete(principal.organizationId, id);
  }
}
