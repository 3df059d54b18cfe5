export * from './setup.module.js';
export * from './setup.service.js';
