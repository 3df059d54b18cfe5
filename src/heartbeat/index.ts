export * from './heartbeat.js';
export * from './heartbeat.module.js';
