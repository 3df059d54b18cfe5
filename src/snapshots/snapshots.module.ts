import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { PostureModule } from '../posture/index.js';
import { SnapshotPolicies } from './policy/snapshot-policies.service.js';
import { SnapshotPolicyController } from './policy/snapshot-policy.controller.js';
import { SnapshotPolicy } from './policy/snapshot-policy.entity.js';
import { PostureSnapshotHistory } from './posture-snapshot-history.entity.js';
import { PostureSnapshot } from './posture-snapshot.entity.js';
import { SnapshotScheduler } from './snapshot-scheduler.js';
import { SnapshotsController } from './snapshots.controller.js';
import { SnapshotsService } from './snapshots.service.js';

/** Daily coverage. Scheduled snapshots are taken only after {@link SnapshotScheduler} is started. */
@Module({
  imports: [TypeOrmModule.forFeature([PostureSnapshot, PostureSnapshotHistory, SnapshotPolicy]), PostureModule],
  controllers: [SnapshotPolicyController, SnapshotsController],
  providers: [SnapshotPolicies, SnapshotScheduler, SnapshotsService],
  exports: [SnapshotPolicies, SnapshotScheduler, SnapshotsService],
})
export class SnapshotsModule {}
