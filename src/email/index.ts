export * from './email-mode.js';
export * from './email-worker.js';
export * from './email.module.js';
export { leftOut } from './left-out.js';
export { isTimeZone, nextAt } from './local-time.js';
export { Mailer } from './mailer.js';
