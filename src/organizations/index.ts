export * from './active-members.js';
export * from './members.service.js';
export * from './organizations.module.js';
export * from './organizations.service.js';
export * from './past-members.js';
