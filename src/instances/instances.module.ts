import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { AlertCount } from './alert-count.entity.js';
import { AlertCounts } from './alert-counts.js';
import { AlertEvents } from './alert-events.js';
import { AlertInstance } from './alert-instance.entity.js';
import { AlertPagesController } from './alert-pages.controller.js';
import { AlertReader } from './alert-reader.js';
import { AlertWriter } from './alert-writer.js';
import { InstanceAnswers } from './instance-answers.js';
import { RuleAlerts } from './rule-alerts.js';
import { InstancesController } from './instances.controller.js';
import { InstancesService } from './instances.service.js';

@Module({
  imports: [TypeOrmModule.forFeature([AlertInstance, AlertCount])],
  controllers: [InstancesController, AlertPagesController],
  providers: [InstancesService, InstanceAnswers, AlertEvents, AlertReader, AlertWriter, AlertCounts, RuleAlerts],
  exports: [InstancesService, AlertWriter, AlertCounts, RuleAlerts],
})
export class InstancesModule {}
