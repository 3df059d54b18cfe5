import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { PostureModule } from '../posture/index.js';
import { RevalidationPolicyController } from './policy/revalidation-policy.controller.js';
import { RevalidationPolicy } from './policy/revalidation-policy.entity.js';
import { RevalidationPolicyService } from './policy/revalidation-policy.service.js';
import { RevalidationScheduler } from './policy/revalidation-scheduler.js';
import { StaleValidations } from './policy/stale-validations.js';
import { RevalidationItemHistory } from './queue/revalidation-item-history.entity.js';
import { RevalidationItem } from './queue/revalidation-item.entity.js';
import { RevalidationQueueController } from './queue/revalidation-queue.controller.js';
import { RevalidationQueueService } from './queue/revalidation-queue.service.js';
import { ReviewOutcomes } from './queue/review-outcomes.js';

/** The revalidation queue and its policy. The policy runs only after {@link RevalidationScheduler} is started. */
@Module({
  imports: [TypeOrmModule.forFeature([RevalidationItem, RevalidationItemHistory, RevalidationPolicy]), PostureModule],
  controllers: [RevalidationQueueController, RevalidationPolicyController],
  providers: [
    RevalidationPolicyService,
    RevalidationQueueService,
    RevalidationScheduler,
    ReviewOutcomes,
    StaleValidations,
  ],
  exports: [RevalidationScheduler],
})
export class RevalidationModule {}
