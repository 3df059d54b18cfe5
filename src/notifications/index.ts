export * from './audience/alert-audience.js';
export * from './audience/alert-notifier.js';
export { EmailWorker } from './email/email-worker.js';
export { EXPIRED_EMAILS } from './email/expired-emails.js';
export { EXPIRED_NOTIFICATIONS } from './inbox/expired-notifications.js';
export { addPastNotifications } from './inbox/past-notifications.js';
export * from './notifications.module.js';
