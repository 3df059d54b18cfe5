import { Controller, Get, HttpCode, Param, Post, Query } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { Access, CurrentPrincipal, type Principal } from '../common/access/index.js';
import { pageRequest, PageQuery } from '../common/pagination/index.js';
import { roundTo, toIso } from '../common/wire.js';
import { InstancesService, toInstanceResponse } from '../instances/index.js';
import type { EvaluationRun } from './evaluation-run.entity.js';
import { EvaluationResponse, EvaluationRunListResponse, EvaluationRunResponse } from './evaluation.response.js';
import { EvaluationService } from './evaluation.service.js';
import { RunStore } from './run-store.js';

@ApiTags('evaluations')
@Controller('evaluations')
export class EvaluationsController {
  constructor(
    private readonly evaluation: EvaluationService,
    private readonly runs: RunStore,
    private readonly instances: InstancesService,
  ) {}

  @Post()
  @HttpCode(200)
  @Access('lead')
  @ApiOperation({ summary: 'Evaluate all enabled rules now' })
  async evaluate(@CurrentPrincipal() principal: Principal): Promise<EvaluationResponse> {
    return this.withAlerts(await this.evaluation.evaluateOrganization(principal.organizationId, principal.actorId));
  }

  @Get()
  @Access('viewer')
  @ApiOperation({ summary: 'List evaluations, newest first' })
  async list(@CurrentPrincipal() principal: Principal, @Query() query: PageQuery): Promise<EvaluationRunListResponse> {
    const page = await this.runs.list(principal.organizationId, pageRequest(query));
    return { items: page.items.map(toRunResponse), total: page.total, next_cursor: page.nextCursor };
  }

  @Get(':id')
  @Access('viewer')
  @ApiOperation({ summary: "Get an evaluation with each rule's outcome" })
  async get(@CurrentPrincipal() principal: Principal, @Param('id') id: string): Promise<EvaluationResponse> {
    return this.withAlerts(await this.runs.get(principal.organizationId, id));
  }

  private async withAlerts(run: EvaluationRun): Promise<EvaluationResponse> {
    const opened = run.outcomes.flatMap(({ outcome, alert_id: alertId }) =>
      outcome === 'fired' && alertId ? alertId : [],
    );
    const [alerts, outcomes] = await Promise.all([
      this.instances.getMany(run.organizationId, opened),
      this.runs.outcomesOf(run),
    ]);
    return { ...toRunResponse(run), alerts: alerts.map(toInstanceResponse), outcomes };
  }
}

function toRunResponse(run: EvaluationRun): EvaluationRunResponse {
  return {
    id: run.id,
    trigger: run.trigger,
    requested_by: run.requestedBy,
    started_at: toIso(run.startedAt),
    duration_seconds: roundTo(run.durationSeconds, 3),
    rules_evaluated: run.rulesEvaluated,
    alerts_fired: run.alertsFired,
  };
}
