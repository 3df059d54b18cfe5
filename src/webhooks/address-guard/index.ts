export * from './address-guard.js';
export * from './address-guard.module.js';
export * from './address-refused.error.js';
export * from './guarded-connector.js';
export * from './host-resolver.js';
