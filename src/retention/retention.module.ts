import { Module } from '@nestjs/common';
import { InstancesModule } from '../instances/index.js';
import { RetentionScheduler } from './retention-scheduler.js';
import { RetentionService } from './retention.service.js';

@Module({
  imports: [InstancesModule],
  providers: [RetentionService, RetentionScheduler],
  exports: [RetentionService, RetentionScheduler],
})
export class RetentionModule {}
