export * from './rules.module.js';
export * from './rules.service.js';
export * from './system-rules.js';
export * from './system-rules.service.js';
