import { Body, Controller, Get, Param, Post, Put, Query } from '@nestjs/common';
import { ApiOperation, ApiParam, ApiResponse, ApiTags } from '@nestjs/swagger';
import { Access, CurrentPrincipal, type Principal } from '../common/access/index.js';
import { pageRequest } from '../common/pagination/index.js';
import { ListSnapshotsQuery, PutSnapshotRequest } from './snapshot.dto.js';
import { toHistoricalSnapshot, toSnapshotResponse } from './snapshot.mapper.js';
import { SnapshotListResponse, SnapshotResponse } from './snapshot.response.js';
import { SnapshotsService } from './snapshots.service.js';

@ApiTags('snapshots')
@Controller('snapshots')
export class SnapshotsController {
  constructor(private readonly snapshots: SnapshotsService) {}

  @Get()
  @Access('viewer')
  @ApiOperation({ summary: 'List posture snapshots, newest first' })
  async list(
    @CurrentPrincipal() principal: Principal,
    @Query() query: ListSnapshotsQuery,
  ): Promise<SnapshotListResponse> {
    const range = { from: query.from, to: query.to };
    const page = await this.snapshots.list(principal.organizationId, range, pageRequest(query, 'text'));
    return { items: page.items.map(toSnapshotResponse), total: page.total, next_cursor: page.nextCursor };
  }

  @Post()
  @Access('lead')
  @ApiOperation({ summary: "Take today's snapshot now; replaces an existing one" })
  @ApiResponse({ status: 409, description: 'No technique is in scope.' })
  async take(@CurrentPrincipal() principal: Principal): Promise<SnapshotResponse> {
    return toSnapshotResponse(await this.snapshots.take(principal.organizationId));
  }

  @Put(':date')
  @Access('lead')
  @ApiOperation({ summary: 'Import the snapshot of a past day; replaces an existing one' })
  @ApiParam({ name: 'date', description: 'The day in UTC, YYYY-MM-DD.', schema: { type: 'string', format: 'date' } })
  async put(
    @CurrentPrincipal() principal: Principal,
    @Param('date') date: string,
    @Body() body: PutSnapshotRequest,
  ): Promise<SnapshotResponse> {
    return toSnapshotResponse(await this.snapshots.put(principal.organizationId, toHistoricalSnapshot(date, body)));
  }
}
