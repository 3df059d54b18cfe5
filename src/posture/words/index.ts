export { isInTheFuture, type PostureItem, readPostureItem } from './posture-item.js';
export {
  ITEM_SOURCES,
  type ItemSource,
  REVALIDATION_STATUSES,
  type RevalidationStatus,
  REVIEW_OUTCOMES,
  type ReviewOutcome,
  TECHNIQUE_STATUSES,
  type TechniqueStatus,
} from './technique-status.js';
