import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { ExportsModule } from '../exports/index.js';
import { AlertCount } from './alert-count.entity.js';
import { AlertCounts } from './alert-counts.js';
import { AlertEvents } from './alert-events.js';
import { AlertInstance } from './alert-instance.entity.js';
import { AlertPagesController } from './alert-pages.controller.js';
import { AlertReader } from './alert-reader.js';
import { AlertWriter } from './alert-writer.js';
import { AlertExportController } from './export/alert-export.controller.js';
import { AlertExports } from './export/alert-exports.service.js';
import { InstanceAnswers } from './instance-answers.js';
import { InstancesController } from './instances.controller.js';
import { InstancesService } from './instances.service.js';
import { RuleAlerts } from './rule-alerts.js';
import { TrailController } from './trail/trail.controller.js';
import { TrailService } from './trail/trail.service.js';

@Module({
  imports: [TypeOrmModule.forFeature([AlertInstance, AlertCount]), ExportsModule],
  controllers: [InstancesController, AlertPagesController, AlertExportController, TrailController],
  providers: [
    InstancesService,
    InstanceAnswers,
    AlertEvents,
    AlertExports,
    AlertReader,
    AlertWriter,
    AlertCounts,
    RuleAlerts,
    TrailService,
  ],
  exports: [InstancesService, AlertWriter, AlertCounts, RuleAlerts],
})
export class InstancesModule {}
