import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { Technique } from './catalogue/technique.entity.js';
import { PostureHistory } from './history/posture-history.entity.js';
import { PostureSnapshotHistory } from './history/posture-snapshot-history.entity.js';
import { PostureVersionsController } from './history/posture-versions.controller.js';
import { PostureVersionsService } from './history/posture-versions.service.js';
import { RevalidationItemHistory } from './history/revalidation-item-history.entity.js';
import { PostureChange } from './posture-change.entity.js';
import { PostureChanges } from './posture-changes.js';
import { PostureSnapshot } from './posture-snapshot.entity.js';
import { Posture } from './posture.entity.js';
import { RevalidationQueueController } from './queue/revalidation-queue.controller.js';
import { RevalidationQueueService } from './queue/revalidation-queue.service.js';
import { ReviewOutcomes } from './queue/review-outcomes.js';
import { RevalidationItem } from './revalidation-item.entity.js';
import { RevalidationPolicyController } from './revalidation/revalidation-policy.controller.js';
import { RevalidationPolicy } from './revalidation/revalidation-policy.entity.js';
import { RevalidationPolicyService } from './revalidation/revalidation-policy.service.js';
import { RevalidationScheduler } from './revalidation/revalidation-scheduler.js';
import { StaleValidations } from './revalidation/stale-validations.js';
import { SnapshotPolicies } from './snapshots/snapshot-policies.service.js';
import { SnapshotPolicyController } from './snapshots/snapshot-policy.controller.js';
import { SnapshotPolicy } from './snapshots/snapshot-policy.entity.js';
import { SnapshotScheduler } from './snapshots/snapshot-scheduler.js';
import { SnapshotsController } from './snapshots/snapshots.controller.js';
import { SnapshotsService } from './snapshots/snapshots.service.js';
import { TechniquesController } from './techniques/techniques.controller.js';
import { TechniquesService } from './techniques/techniques.service.js';
import { PostureController } from './writes/posture.controller.js';
import { PostureService } from './writes/posture.service.js';
import { PostureWriter } from './writes/posture-writer.js';

/** What each organisation knows of each technique. Nothing is done by itself before the schedulers are started. */
@Module({
  imports: [
    TypeOrmModule.forFeature([
      Posture,
      PostureChange,
      PostureHistory,
      PostureSnapshot,
      PostureSnapshotHistory,
      RevalidationItem,
      RevalidationItemHistory,
      RevalidationPolicy,
      SnapshotPolicy,
      Technique,
    ]),
  ],
  controllers: [
    TechniquesController,
    PostureVersionsController,
    PostureController,
    RevalidationQueueController,
    RevalidationPolicyController,
    SnapshotPolicyController,
    SnapshotsController,
  ],
  providers: [
    PostureChanges,
    PostureService,
    PostureVersionsService,
    PostureWriter,
    RevalidationPolicyService,
    RevalidationQueueService,
    RevalidationScheduler,
    ReviewOutcomes,
    SnapshotPolicies,
    SnapshotScheduler,
    SnapshotsService,
    StaleValidations,
    TechniquesService,
  ],
  exports: [
    PostureChanges,
    PostureService,
    PostureWriter,
    RevalidationScheduler,
    SnapshotPolicies,
    SnapshotScheduler,
    SnapshotsService,
  ],
})
export class PostureModule {}
