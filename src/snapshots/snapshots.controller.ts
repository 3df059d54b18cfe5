import { Body, Controller, Get, Param, Post, Put, Query } from '@nestjs/common';
import { ApiOperation, ApiParam, ApiResponse, ApiTags } from '@nestjs/swagger';
import { Access, CurrentPrincipal, type Principal } from '../common/access/index.js';
import { AcceptsUnchangedAnswer } from '../common/http/index.js';
import { pageRequest } from '../common/pagination/index.js';
import { isCalendarDate } from '../common/instant.js';
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
  @AcceptsUnchangedAnswer<SnapshotsController>(PutSnapshotRequest, (snapshots, principal, { date }) =>
    snapshots.current(principal, date!),
  )
  async put(
    @CurrentPrincipal() principal: Principal,
    @Param('date') date: string,
    @Body() body: PutSnapshotRequest,
  ): Promise<SnapshotResponse> {
    return toSnapshotResponse(await this.snapshots.put(principal.organizationId, toHistoricalSnapshot(date, body)));
  }

  /** The snapshot of a day, as the list shows it. */
  async current({ organizationId }: Principal, date: string): Promise<SnapshotResponse | undefined> {
    if (!isCalendarDate(date)) return undefined;
    const { items } = await this.snapshots.list(organizationId, { from: date, to: date }, { limit: 1 });
    return items.map(toSnapshotResponse)[0];
  }
}
