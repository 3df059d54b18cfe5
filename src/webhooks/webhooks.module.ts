import { Module, type DynamicModule } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { NotificationsModule } from '../notifications/index.js';
import { AddressGuardModule } from './address-guard/index.js';
import { DeliveryRequests } from './delivery/delivery-requests.js';
import { DeliveryResults } from './delivery/delivery-results.js';
import { DeliverySender } from './delivery/delivery-sender.js';
import { DeliverySettings } from './delivery/delivery-settings.js';
import { DeliveryStore } from './delivery/delivery-store.js';
import { WebhookWorker } from './delivery/webhook-worker.js';
import { EndpointKeys } from './endpoint-keys.js';
import { EndpointSecrets } from './endpoint-secrets.js';
import { EventAudience } from './event-audience.js';
import { EventWriter } from './event-writer.js';
import { WebhookEndpointHealth } from './health/endpoint-health.entity.js';
import { EndpointHealthRecorder } from './health/endpoint-health-recorder.js';
import { EndpointNotices } from './health/endpoint-notices.js';
import { TransportModule } from './transport/index.js';
import { WebhookAttempt } from './webhook-attempt.entity.js';
import { WebhookDeliveriesController } from './webhook-deliveries.controller.js';
import { WebhookDeliveriesService } from './webhook-deliveries.service.js';
import { WebhookDelivery } from './webhook-delivery.entity.js';
import { WebhookEvent } from './webhook-event.entity.js';
import { WebhookEndpoint } from './webhook-endpoint.entity.js';
import { WebhookEndpointViews } from './webhook-endpoint-views.js';
import { WebhookEndpointsService } from './webhook-endpoints.service.js';
import { WebhookOutbox } from './webhook-outbox.js';
import { WebhookPingService } from './webhook-ping.service.js';
import { WebhookReplay } from './webhook-replay.entity.js';
import { WebhookReplaysService } from './webhook-replays.service.js';
import { WebhooksController } from './webhooks.controller.js';

export interface WebhooksModuleOptions {
  /** For tests: bounds shorter than a deployment's. */
  delivery?: Partial<DeliverySettings>;
}

/** Endpoints, the outbox and its delivery. Registered once, globally, so that whoever enqueues gets the one worker of the process. Nothing is delivered before {@link WebhookWorker.start}. */
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
      exports: [EventAudience, WebhookOutbox, WebhookWorker, WebhookEndpointsService, EndpointKeys],
    };
  }
}
