export * from './clock-corrections.js';
export * from './metrics.js';
export * from './metrics.module.js';
