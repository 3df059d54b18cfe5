export * from './evaluation.module.js';
export * from './evaluation.service.js';
export * from './evaluation-ticker.js';
export * from './expired-runs.js';
