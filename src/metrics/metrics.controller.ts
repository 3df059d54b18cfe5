import { Controller, Get, Res, UseGuards } from '@nestjs/common';
import { ApiBearerAuth, ApiOperation, ApiProduces, ApiResponse, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { Public } from '../common/access/index.js';
import { MetricsAccessGuard } from './metrics-access.guard.js';
import { MetricsService } from './metrics.service.js';

@ApiTags('metrics')
@Controller('metrics')
export class MetricsController {
  constructor(private readonly metrics: MetricsService) {}

  @Get()
  @Public()
  @UseGuards(MetricsAccessGuard)
  @ApiBearerAuth()
  @ApiOperation({
    summary: 'The metrics of this process, for Prometheus',
    description:
      'If VEDETTE_METRICS_TOKEN is set, callers send it as a bearer token. If not, only callers on the same machine are answered.',
  })
  @ApiProduces('text/plain')
  @ApiResponse({ status: 200, description: 'Metrics in the text format of Prometheus.', schema: { type: 'string' } })
  @ApiResponse({ status: 401, description: 'The request has no metrics token, or a wrong one.' })
  @ApiResponse({ status: 403, description: 'No token is set, and the caller is on another machine.' })
  async scrape(@Res({ passthrough: true }) reply: FastifyReply): Promise<string> {
    const { contentType, text } = await this.metrics.scrape();
    void reply.header('content-type', contentType).header('cache-control', 'no-store');
    return text;
  }
}
