import { HttpModule } from '@nestjs/axios';
import { Module, type DynamicModule } from '@nestjs/common';
import { AddressGuardModule } from '../address-guard/index.js';
import { DeliverySettings } from '../attempts/delivery-settings.js';
import { undiciAdapter } from './undici-adapter.js';
import { WebhookAgent } from './webhook-agent.js';
import { WebhookTransport } from './webhook-transport.js';

/**
 * Axios only passes requests on: it changes no byte, follows no redirect and accepts every status. {@link
 * WebhookTransport} removes its other defaults.
 */
@Module({})
export class TransportModule {
  static register(settings: DeliverySettings): DynamicModule {
    const settingsProvider = { provide: DeliverySettings, useValue: settings };
    return {
      module: TransportModule,
      imports: [
        AddressGuardModule,
        HttpModule.registerAsync({
          imports: [AddressGuardModule],
          extraProviders: [WebhookAgent, settingsProvider],
          inject: [WebhookAgent],
          useFactory: (agent: WebhookAgent) => ({ adapter: undiciAdapter(agent) }),
        }),
      ],
      providers: [WebhookTransport, settingsProvider],
      exports: [WebhookTransport],
    };
  }
}
