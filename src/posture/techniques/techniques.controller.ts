import { Controller, Get, Param, Query } from '@nestjs/common';
import { ApiOperation, ApiParam, ApiTags } from '@nestjs/swagger';
import { Access, CurrentPrincipal, type Principal } from '../../common/access/index.js';
import { pageRequest } from '../../common/pagination/index.js';
import { ListTechniquesQuery } from './technique.dto.js';
import { toTechniqueResponse } from './technique.mapper.js';
import { TechniqueListResponse, TechniqueResponse } from './technique.response.js';
import { TechniquesService } from './techniques.service.js';

@ApiTags('techniques')
@Controller('techniques')
export class TechniquesController {
  constructor(private readonly techniques: TechniquesService) {}

  @Get()
  @Access('viewer')
  @ApiOperation({ summary: 'List techniques with their posture, in the order of their ATT&CK ids' })
  async list(
    @CurrentPrincipal() principal: Principal,
    @Query() query: ListTechniquesQuery,
  ): Promise<TechniqueListResponse> {
    const filters = {
      search: query.search,
      statusGlobal: query.status_global,
      domain: query.domain,
      tactic: query.tactic,
      platform: query.platform,
      ownerId: query.owner_id,
      tag: query.tag,
      minRiskScore: query.min_risk_score,
      inScope: query.in_scope,
      includeRevoked: query.include_revoked ?? false,
      isSubtechnique: query.is_subtechnique,
    };
    const page = await this.techniques.list(principal.organizationId, filters, pageRequest(query, 'text'));
    return { items: page.items.map(toTechniqueResponse), total: page.total, next_cursor: page.nextCursor };
  }

  @Get(':id')
  @Access('viewer')
  @ApiOperation({ summary: 'Get a technique with its posture' })
  @ApiParam({ name: 'id', description: 'The id of the technique, or its ATT&CK id such as T1059.001.' })
  async get(@CurrentPrincipal() principal: Principal, @Param('id') id: string): Promise<TechniqueResponse> {
    return toTechniqueResponse(await this.techniques.get(principal.organizationId, id));
  }
}
