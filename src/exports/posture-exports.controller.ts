import { Controller, Get, Query, Res } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { Access, CurrentPrincipal, type Principal } from '../common/access/index.js';
import { parseInstant } from '../common/instant.js';
import { ExportChangesQuery, ExportPostureQuery } from './posture-export.dto.js';
import { PostureExports } from './posture-exports.service.js';
import { ApiExport, sendExport } from './send-export.js';

@ApiTags('posture exports')
@Controller('posture/export')
export class PostureExportsController {
  constructor(private readonly exports: PostureExports) {}

  @Get()
  @Access('viewer')
  @ApiOperation({
    summary: 'Export the posture as JSON, CSV or a Navigator layer',
    description:
      'JSON is the body of `PUT /posture`. In CSV a cell that a spreadsheet would run as a formula begins with an apostrophe.',
  })
  @ApiExport()
  async posture(
    @CurrentPrincipal() { organizationId }: Principal,
    @Query() { format = 'json', domain }: ExportPostureQuery,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<string> {
    return sendExport(reply, await this.exports.posture(organizationId, format, domain));
  }

  @Get('changes')
  @Access('viewer')
  @ApiOperation({
    summary: 'Export the changes of the posture between two instants, as JSON, CSV or a Navigator layer',
    description:
      'The `cause` of a change is `posture` for a change by the organisation, `catalogue` for a change by an ATT&CK release, and `not_known` if the history ' +
      'does not reach back far enough.',
  })
  @ApiExport()
  async changes(
    @CurrentPrincipal() { organizationId }: Principal,
    @Query() { format = 'json', domain, from, to }: ExportChangesQuery,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<string> {
    const range = { from: parseInstant(from), to: parseInstant(to), domain };
    return sendExport(reply, await this.exports.changes(organizationId, format, range));
  }
}
