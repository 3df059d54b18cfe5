export * from './daily-job.js';
export * from './database-server.js';
export * from './database.module.js';
export * from './keyset-page.js';
export * from './migrate.js';
export * from './slots.js';
export * from './sql.js';
export * from './transactions.js';
