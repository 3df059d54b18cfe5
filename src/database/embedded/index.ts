export {
  EmbeddedPostgres,
  type EmbeddedPostgresOptions,
  type EmbeddedPostgresServer,
  type EmbeddedPostgresStopResult,
} from './embedded-postgres.js';
export { EmbeddedPostgresError } from './embedded-postgres.error.js';
