export { EXPIRED_QUEUE_VERSIONS } from './expired-queue-versions.js';
export { addPastQueueItems, type PastQueueItem } from './past-queue-items.js';
export { RevalidationModule } from './revalidation.module.js';
export { RevalidationScheduler } from './policy/revalidation-scheduler.js';
