export * from './alert-counts.js';
export * from './alert-writer.js';
export * from './instance.mapper.js';
export * from './instance.response.js';
export * from './instances.module.js';
export * from './instances.service.js';
export * from './past-alerts.js';
export * from './rule-alerts.js';
