import { Controller, Get, Param, Query } from '@nestjs/common';
import { ApiOperation, ApiParam, ApiTags } from '@nestjs/swagger';
import { Access, CurrentPrincipal, type Principal } from '../../common/access/index.js';
import { pageRequest, PageQuery } from '../../common/pagination/index.js';
import { toIso } from '../../common/wire.js';
import { PostureVersionListResponse, type PostureVersionResponse } from './posture-version.response.js';
import { PostureVersionsService, type PostureVersion } from './posture-versions.service.js';

@ApiTags('techniques')
@Controller('techniques/:id/history')
export class PostureVersionsController {
  constructor(private readonly versions: PostureVersionsService) {}

  @Get()
  @Access('viewer')
  @ApiOperation({
    summary: 'List the versions of the posture of a technique, newest first, with the cause of each change',
  })
  @ApiParam({ name: 'id', description: 'The id of the technique, or its ATT&CK id such as T1059.001.' })
  async list(
    @CurrentPrincipal() principal: Principal,
    @Param('id') id: string,
    @Query() query: PageQuery,
  ): Promise<PostureVersionListResponse> {
    const page = await this.versions.list(principal.organizationId, id, pageRequest(query, 'text'));
    return { items: page.items.map(toResponse), total: page.total, next_cursor: page.nextCursor };
  }
}

function toResponse(version: PostureVersion): PostureVersionResponse {
  return {
    version: version.version,
    valid_from: toIso(version.validFrom),
    valid_to: toIso(version.validTo),
    status_global: version.statusGlobal,
    last_review_date: toIso(version.lastReviewDate),
    risk_score: version.riskScore,
    owner_id: version.ownerId,
    owner_email: version.ownerEmail,
    tags: version.tags,
    in_force: version.inForce,
    mitre_last_modified: toIso(version.mitreLastModified),
    change_source: version.changeSource,
    change_id: version.changeId,
    changed_by: version.changedBy,
    changed_by_name: version.changedByName,
  };
}
