import { Controller, Get, Param, Query } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { Access, CurrentPrincipal, type Principal } from '../../common/access/index.js';
import { parseInstant } from '../../common/instant.js';
import { pageRequest } from '../../common/pagination/index.js';
import { toIso } from '../../common/wire.js';
import { ListMeasurementsQuery } from './measurement.dto.js';
import { MeasurementListResponse } from './measurement.response.js';
import { MeasurementsService } from './measurements.service.js';

@ApiTags('rules')
@Controller('rules/:id/measurements')
export class MeasurementsController {
  constructor(private readonly measurements: MeasurementsService) {}

  @Get()
  @Access('viewer')
  @ApiOperation({
    summary: 'List the measurements of a rule, newest first. A rule measures nothing during its cooldown.',
  })
  async list(
    @CurrentPrincipal() principal: Principal,
    @Param('id') id: string,
    @Query() query: ListMeasurementsQuery,
  ): Promise<MeasurementListResponse> {
    const span = { from: parseInstant(query.from), to: parseInstant(query.to) };
    const page = await this.measurements.list(principal.organizationId, id, span, pageRequest(query));
    return {
      items: page.items.map(({ measuredAt, ...measurement }) => ({ measured_at: toIso(measuredAt), ...measurement })),
      total: page.total,
      next_cursor: page.nextCursor,
    };
  }
}
