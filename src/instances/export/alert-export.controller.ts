import { Controller, Get, Param, Query, Res } from '@nestjs/common';
import { ApiOperation, ApiResponse, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { Access, CurrentPrincipal, type Principal } from '../../common/access/index.js';
import { ApiExport, ExportFormatQuery, sendExport } from '../../exports/index.js';
import { AlertExports } from './alert-exports.service.js';

@ApiTags('instances')
@Controller('instances')
export class AlertExportController {
  constructor(private readonly exports: AlertExports) {}

  @Get(':id/export')
  @Access('viewer')
  @ApiOperation({
    summary: 'Export the techniques that an alert names, as they stand now, as JSON, CSV or a Navigator layer',
  })
  @ApiResponse({ status: 409, description: 'The alert names no techniques: it is about coverage as a whole.' })
  @ApiExport()
  async export(
    @CurrentPrincipal() { organizationId }: Principal,
    @Param('id') id: string,
    @Query() { format = 'json' }: ExportFormatQuery,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<string> {
    return sendExport(reply, await this.exports.techniques(organizationId, id, format));
  }
}
