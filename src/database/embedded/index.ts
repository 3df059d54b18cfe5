export { EmbeddedPostgres } from './embedded-postgres.js';
export type {
  EmbeddedPostgresOptions,
  EmbeddedPostgresServer,
  EmbeddedPostgresStopResult,
} from './embedded-postgres.js';
export { EmbeddedPostgresError } from './embedded-postgres.error.js';
