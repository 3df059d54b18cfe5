export { EmailWorker } from './email/email-worker.js';
export { EXPIRED_EMAILS } from './email/expired-emails.js';
export { EXPIRED_NOTIFICATIONS } from './inbox/expired-notifications.js';
export { addPastNotifications } from './inbox/past-notifications.js';
export * from './notifications.module.js';
export * from './notifier/alert-notifier.js';
export * from './notifier/audience-counter.js';
export { PEOPLE_TRAIL } from './trail/people-trail.js';
export type { TrailSource } from './trail/trail-source.js';
