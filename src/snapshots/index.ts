export { addPastSnapshots, type PastSnapshot } from './past-snapshots.js';
export type { SnapshotScope } from './snapshot-facts.js';
export { SnapshotPolicies, type SnapshotPolicyFacts } from './snapshot-policies.service.js';
export { SnapshotScheduler } from './snapshot-scheduler.js';
export { SnapshotScopeResponse } from './snapshot-policy.response.js';
export { SnapshotsModule } from './snapshots.module.js';
export { SnapshotsService } from './snapshots.service.js';
export { isInSnapshotScope } from './roll-up-sql.js';
export { rollUp, type Rollup, ROLLUPS } from './roll-up.js';
