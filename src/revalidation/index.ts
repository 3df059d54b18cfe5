export { RevalidationModule } from './revalidation.module.js';
export { RevalidationScheduler } from './revalidation-scheduler.js';
