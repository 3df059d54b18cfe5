import { Module, type DynamicModule } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { NotificationsModule } from '../notifications/index.js';
import { AddressGuardModule } from './address-guard/index.js';
import { WebhookDeliveriesController } from './api/webhook-deliveries.controller.js';
import { WebhookDeliveriesService } from './api/webhook-deliveries.service.js';
import { WebhookEndpointViews } from './api/webhook-endpoint-views.js';
import { WebhookEndpointsService } from './api/webhook-endpoints.service.js';
import { WebhookPingService } from './api/webhook-ping.service.js';
import { WebhookReplay } from './api/webhook-replay.entity.js';
import { WebhookReplaysService } from './api/webhook-replays.service.js';
import { WebhooksController } from './api/webhooks.controller.js';
import { DeliverySettings } from './attempts/delivery-settings.js';
import { WebhookAttempt } from './attempts/webhook-attempt.entity.js';
import { WebhookDelivery } from './attempts/webhook-delivery.entity.js';
import { WebhookEvent } from './attempts/webhook-event.entity.js';
import { EndpointHealthRecorder } from './breaker/endpoint-health-recorder.js';
import { WebhookEndpointHealth } from './breaker/endpoint-health.entity.js';
import { EndpointNotices } from './breaker/endpoint-notices.js';
import { DeliveryRequests } from './delivery/delivery-requests.js';
import { DeliveryResults } from './delivery/delivery-results.js';
import { DeliverySender } from './delivery/delivery-sender.js';
import { DeliveryStore } from './delivery/delivery-store.js';
import { WebhookOutbox } from './delivery/webhook-outbox.js';
import { WebhookWorker } from './delivery/webhook-worker.js';
import { EndpointKeys } from './endpoints/endpoint-keys.js';
import { EndpointSecrets } from './endpoints/endpoint-secrets.js';
import { OperatorEndpoints } from './endpoints/operator-endpoints.js';
import { WebhookEndpoint } from './endpoints/webhook-endpoint.entity.js';
import { EventAudience } from './outbox/event-audience.js';
import { EventWriter } from './outbox/event-writer.js';
import { TransportModule } from './transport/index.js';

export interface WebhooksModuleOptions {
  /** For tests: shorter limits than a deployment uses. */
  delivery?: Partial<DeliverySettings>;
}

/**
 * Endpoints, the outbox and its delivery. Registered once and globally, because one process has one worker.
 * Nothing is delivered before {@link WebhookWorker.start}.
 */
@Module({})
export class WebhooksModule {
  static register({ delivery }: WebhooksModuleOptions = {}): DynamicModule {
    const settings = DeliverySettings.with(delivery);
    return {
      module: WebhooksModule,
      global: true,
      imports: [
        TypeOrmModule.forFeature([
          WebhookEndpoint,
          WebhookEndpointHealth,
          WebhookDelivery,
          WebhookEvent,
          WebhookAttempt,
          WebhookReplay,
        ]),
        NotificationsModule,
        AddressGuardModule,
        TransportModule.register(settings),
      ],
      controllers: [WebhooksController, WebhookDeliveriesController],
      providers: [
        { provide: DeliverySettings, useValue: settings },
        DeliveryStore,
        DeliveryRequests,
        DeliverySender,
        DeliveryResults,
        WebhookWorker,
        EndpointSecrets,
        EndpointKeys,
        OperatorEndpoints,
        EndpointNotices,
        EndpointHealthRecorder,
        EventAudience,
        EventWriter,
        WebhookOutbox,
        WebhookEndpointsService,
        WebhookEndpointViews,
        WebhookReplaysService,
        WebhookDeliveriesService,
        WebhookPingService,
      ],
      exports: [EventAudience, WebhookOutbox, WebhookWorker, WebhookEndpointsService, EndpointKeys, OperatorEndpoints],
    };
  }
}
