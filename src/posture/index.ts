export { CHANGE_KINDS, type ChangeKind } from './changes/change-kind.js';
export { CLAIM_CHANGES, type ClaimedChange, PostureChanges } from './changes/posture-changes.js';
export { EXPIRED_POSTURE_VERSIONS } from './history/expired-posture-versions.js';
export { PostureModule } from './posture.module.js';
export { knownSince } from './reading/known-since.js';
export { AsOfPostureReader, relationsAsOf } from './reading/posture-as-of.js';
export {
  inScope,
  LIVE_RELATIONS,
  LivePostureReader,
  type PostureReader,
  type PostureRelations,
} from './reading/posture-reader.js';
export { PostureReplay } from './reading/posture-replay.js';
export { ScopeChecker } from './reading/scopes/scope-checker.js';
export type { ScopedRule } from './reading/scopes/scope-sql.js';
export { IsScope, TechniqueScopeRequest } from './reading/scopes/scope.dto.js';
export { ScopeProperty } from './reading/scopes/scope.response.js';
export { ScopedPostureReader, scopedRelations } from './reading/scopes/scoped-posture-reader.js';
export { ScopesModule } from './reading/scopes/scopes.module.js';
export { describeScope, type SentScope, type TechniqueScope } from './reading/scopes/technique-scope.js';
export { statusChange } from './reading/status-changes.js';
export { restatedStatuses } from './reading/restated-statuses.js';
export { followPastModifications, type PastVersion, writePastPosture } from './writes/past-posture.js';
export { type CatalogueChange, PostureRows, updatePostureSql } from './writes/posture-rows.js';
export { type PostureWrite, PostureWriter } from './writes/posture-writer.js';
export { Posture } from './writes/posture.entity.js';
export { PostureService } from './writes/posture.service.js';
