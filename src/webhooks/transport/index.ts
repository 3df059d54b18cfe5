export * from './transport.module.js';
export * from './webhook-transport.js';
