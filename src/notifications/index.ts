export * from './alert-audience.js';
export * from './alert-notifier.js';
export * from './notifications.module.js';
