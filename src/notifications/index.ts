export * from './audience/alert-audience.js';
export * from './audience/alert-notifier.js';
export { EmailWorker } from './email/email-worker.js';
export { addPastNotifications } from './inbox/past-notifications.js';
export * from './notifications.module.js';
