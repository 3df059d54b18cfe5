import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { Technique } from './catalogue/technique.entity.js';
import { PostureHistory } from './history/posture-history.entity.js';
import { PostureSnapshotHistory } from './history/posture-snapshot-history.entity.js';
import { RevalidationItemHistory } from './history/revalidation-item-history.entity.js';
import { PostureChange } from './posture-change.entity.js';
import { PostureChanges } from './posture-changes.js';
import { PostureSnapshot } from './posture-snapshot.entity.js';
import { Posture } from './posture.entity.js';
import { RevalidationQueueController } from './queue/revalidation-queue.controller.js';
import { RevalidationQueueService } from './queue/revalidation-queue.service.js';
import { RevalidationItem } from './revalidation-item.entity.js';
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

/** What each organisation knows of each technique. Snapshots are not taken by themselves before {@link SnapshotScheduler.start}. */
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
      SnapshotPolicy,
      Technique,
    ]),
  ],
  controllers: [
    TechniquesController,
    PostureController,
    RevalidationQueueController,
    SnapshotPolicyController,
    SnapshotsController,
  ],
  providers: [
    PostureChanges,
    PostureService,
    RevalidationQueueService,
    SnapshotPolicies,
    SnapshotScheduler,
    SnapshotsService,
    TechniquesService,
  ],
  exports: [PostureChanges, PostureService, SnapshotPolicies, SnapshotScheduler, SnapshotsService],
})
export class PostureModule {}
