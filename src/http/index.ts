export { createApp, createLogger, startBackgroundWork } from './create-app.js';
export { buildOpenApiDocument } from './openapi.js';
