import { Module, type DynamicModule } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { AddressGuardModule } from './address-guard/index.js';
import { DeliveryResults } from './delivery/delivery-results.js';
import { DeliverySender } from './delivery/delivery-sender.js';
import { DeliverySettings } from './delivery/delivery-settings.js';
import { DeliveryStore } from './delivery/delivery-store.js';
import { WebhookWorker } from './delivery/webhook-worker.js';
import { TransportModule } from './transport/index.js';
import { WebhookAttempt } from './webhook-attempt.entity.js';
import { WebhookDeliveriesService } from './webhook-deliveries.service.js';
import { WebhookDelivery } from './webhook-delivery.entity.js';
import { WebhookEndpoint } from './webhook-endpoint.entity.js';
import { WebhookEndpointsService } from './webhook-endpoints.service.js';
import { WebhookOutbox } from './webhook-outbox.js';
import { WebhookPingService } from './webhook-ping.service.js';
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
        TypeOrmModule.forFeature([WebhookEndpoint, WebhookDelivery, WebhookAttempt]),
        AddressGuardModule,
        TransportModule.register(settings),
      ],
      controllers: [WebhooksController],
      providers: [
        { provide: DeliverySettings, useValue: settings },
        DeliveryStore,
        DeliverySender,
        DeliveryResults,
        WebhookWorker,
        WebhookOutbox,
        WebhookEndpointsService,
        WebhookDeliveriesService,
        WebhookPingService,
      ],
      exports: [WebhookOutbox, WebhookWorker, WebhookEndpointsService],
    };
  }
}
