import { Controller, Get, Param } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { Access, CurrentPrincipal, type Principal } from '../../common/access/index.js';
import { toIso } from '../../common/wire.js';
import { TrailResponse, type TrailEntryResponse } from './trail.response.js';
import { TrailService, type TrailEntry } from './trail.service.js';

@ApiTags('instances')
@Controller('instances')
export class TrailController {
  constructor(private readonly trail: TrailService) {}

  @Get(':id/trail')
  @Access('viewer')
  @ApiOperation({ summary: 'List who got an alert and who did not, by which channel, when and why' })
  async get(@CurrentPrincipal() principal: Principal, @Param('id') id: string): Promise<TrailResponse> {
    return { items: (await this.trail.of(principal.organizationId, id)).map(toResponse) };
  }
}

function toResponse(entry: TrailEntry): TrailEntryResponse {
  return {
    channel: entry.channel,
    event: entry.event,
    outcome: entry.outcome,
    reason: entry.reason,
    user_id: entry.userId,
    endpoint_id: entry.endpointId,
    name: entry.name,
    at: toIso(entry.at),
    next_attempt_at: toIso(entry.nextAttemptAt),
    attempts: entry.attempts,
    status_code: entry.statusCode,
    error: entry.error,
    read_at: toIso(entry.readAt),
  };
}
