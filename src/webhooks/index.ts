export type { OutboxEvent, SubscribableEvent } from './webhook-events.js';
export { EventAudience, type ToldEndpoint } from './event-audience.js';
export { EndpointKeys } from './endpoint-keys.js';
export { WebhookWorker } from './delivery/webhook-worker.js';
export { WebhookEndpointsService, type CreatedEndpoint, type EndpointInput } from './webhook-endpoints.service.js';
export { WebhookOutbox } from './webhook-outbox.js';
export { WebhooksModule, type WebhooksModuleOptions } from './webhooks.module.js';
