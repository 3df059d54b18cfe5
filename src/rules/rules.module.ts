import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { nameInnerFields } from '../common/http/index.js';
import { EvaluatorRegistry, EvaluatorsModule } from '../evaluators/index.js';
import { ScopesModule } from '../posture/index.js';
import { AlertRule } from './alert-rule.entity.js';
import { RuleSchedule } from './rule-schedule.entity.js';
import { RuleSchedules } from './rule-schedules.js';
import { RuleState } from './rule-state.entity.js';
import { RuleTypesController } from './rule-types.controller.js';
import { CreateRuleRequest, UpdateRuleRequest } from './rule.dto.js';
import { RulesController } from './rules.controller.js';
import { RulesService } from './rules.service.js';
import { SystemRulesService } from './system-rules.service.js';

@Module({
  imports: [TypeOrmModule.forFeature([AlertRule, RuleSchedule, RuleState]), EvaluatorsModule, ScopesModule],
  controllers: [RulesController, RuleTypesController],
  providers: [RuleSchedules, RulesService, SystemRulesService],
  exports: [RuleSchedules, RulesService, SystemRulesService],
})
export class RulesModule {
  constructor(registry: EvaluatorRegistry) {
    for (const request of [CreateRuleRequest, UpdateRuleRequest]) {
      nameInnerFields(request, 'config', registry.settings());
    }
  }
}
