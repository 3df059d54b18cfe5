import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { PostureModule } from '../posture/index.js';
import { RevalidationItemHistory } from './revalidation-item-history.entity.js';
import { RevalidationItem } from './revalidation-item.entity.js';
import { RevalidationPolicyController } from './revalidation-policy.controller.js';
import { RevalidationPolicy } from './revalidation-policy.entity.js';
import { RevalidationPolicyService } from './revalidation-policy.service.js';
import { RevalidationQueueController } from './revalidation-queue.controller.js';
import { RevalidationQueueService } from './revalidation-queue.service.js';
import { RevalidationScheduler } from './revalidation-scheduler.js';
import { ReviewOutcomes } from './review-outcomes.js';
import { StaleValidations } from './stale-validations.js';

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
