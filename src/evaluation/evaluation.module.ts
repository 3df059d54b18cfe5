import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { nameInnerFields } from '../common/http/index.js';
import { EvaluatorRegistry, EvaluatorsModule } from '../evaluators/index.js';
import { InstancesModule } from '../instances/index.js';
import { NotificationsModule } from '../notifications/index.js';
import { PostureModule, ScopesModule } from '../posture/index.js';
import { RulesModule } from '../rules/index.js';
import { ClockRecovery } from './clock-recovery.js';
import { DecisionDetails } from './decision-details.js';
import { EvaluationPass } from './evaluation-pass.js';
import { EvaluationRun } from './evaluation-run.entity.js';
import { EvaluationSchedule } from './evaluation-schedule.js';
import { EvaluationTelemetry } from './evaluation-telemetry.js';
import { EvaluationTicker } from './evaluation-ticker.js';
import { EvaluationService } from './evaluation.service.js';
import { EvaluationsController } from './evaluations.controller.js';
import { AlertExplainer } from './explanation/alert-explainer.js';
import { MeasurementsController } from './measurements/measurements.controller.js';
import { MeasurementsService } from './measurements/measurements.service.js';
import { RuleMeasurement } from './measurements/rule-measurement.entity.js';
import { BacktestService } from './preview/backtest.service.js';
import { PreviewController } from './preview/preview.controller.js';
import { BacktestRequest, PreviewRequest } from './preview/preview.dto.js';
import { PreviewService } from './preview/preview.service.js';
import { TrialRules } from './preview/trial-rules.js';
import { AudiencePreview } from './preview/audience-preview.js';
import { RuleClaims } from './rule-claims.js';
import { RunStore } from './run-store.js';

/** The engine. Nothing evaluates by itself before {@link EvaluationTicker.start}. */
@Module({
  imports: [
    TypeOrmModule.forFeature([EvaluationRun, RuleMeasurement]),
    EvaluatorsModule,
    InstancesModule,
    NotificationsModule,
    PostureModule,
    RulesModule,
    ScopesModule,
  ],
  controllers: [EvaluationsController, PreviewController, MeasurementsController],
  providers: [
    EvaluationService,
    AlertExplainer,
    ClockRecovery,
    DecisionDetails,
    EvaluationPass,
    EvaluationSchedule,
    EvaluationTelemetry,
    EvaluationTicker,
    RuleClaims,
    RunStore,
    BacktestService,
    MeasurementsService,
    PreviewService,
    TrialRules,
    AudiencePreview,
  ],
  exports: [EvaluationService, EvaluationTicker],
})
export class EvaluationModule {
  constructor(registry: EvaluatorRegistry) {
    for (const request of [PreviewRequest, BacktestRequest]) {
      nameInnerFields(request, 'config', registry.settings());
    }
  }
}
