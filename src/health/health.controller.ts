import { Controller, Get, Res } from '@nestjs/common';
import { ApiOperation, ApiResponse, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { Public } from '../common/access/index.js';
import { toIso } from '../common/wire.js';
import { LivenessResponse, ReadinessResponse } from './health.response.js';
import { HealthService } from './health.service.js';

@ApiTags('health')
@Controller('health')
export class HealthController {
  constructor(private readonly health: HealthService) {}

  @Get('live')
  @Public()
  @ApiOperation({ summary: 'Whether the process answers' })
  live(): LivenessResponse {
    return { status: 'ok' };
  }

  @Get('ready')
  @Public()
  @ApiOperation({ summary: 'Whether the process can work: database, migrations, last evaluation' })
  @ApiResponse({ status: 503, type: ReadinessResponse, description: 'The process cannot work.' })
  async ready(@Res({ passthrough: true }) reply: FastifyReply): Promise<ReadinessResponse> {
    const readiness = await this.health.readiness();
    void reply.status(readiness.isReady ? 200 : 503);
    return {
      status: readiness.isReady ? 'ok' : 'unavailable',
      database: readiness.database,
      pending_migrations: readiness.pendingMigrations,
      is_stalled: readiness.isStalled,
      last_evaluation_at: toIso(readiness.lastEvaluationAt),
    };
  }
}
