export type { OutboxEvent, SubscribableEvent } from './endpoints/webhook-events.js';
export { EventAudience, type ToldEndpoint } from './outbox/event-audience.js';
export { EXPIRED_EVENTS } from './attempts/expired-events.js';
export { OperatorEndpoints, type OperatorEndpoint } from './endpoints/operator-endpoints.js';
export { EndpointKeys } from './endpoints/endpoint-keys.js';
export { WebhookWorker } from './delivery/webhook-worker.js';
export { WebhookEndpointsService, type CreatedEndpoint, type EndpointInput } from './api/webhook-endpoints.service.js';
export { WebhookOutbox } from './delivery/webhook-outbox.js';
export { WebhooksModule, type WebhooksModuleOptions } from './webhooks.module.js';
