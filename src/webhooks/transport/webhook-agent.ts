import { Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { Agent, type Dispatcher } from 'undici';
import { AddressGuard, guardedConnector, HostResolver } from '../address-guard/index.js';
import { DeliverySettings } from '../delivery/delivery-settings.js';

/** The connections to receivers, kept alive between deliveries and each opened behind the address guard. Follows no redirect and no proxy variable. */
@Injectable()
export class WebhookAgent implements OnApplicationShutdown {
  private readonly agent: Agent;

  constructor(guard: AddressGuard, resolver: HostResolver, settings: DeliverySettings) {
    this.agent = new Agent({
      connect: guardedConnector(guard, resolver, settings.connectTimeoutMs),
      connections: settings.concurrency,
      pipelining: 1,
      // The signal of each exchange bounds it as a whole; these only back it up.
      headersTimeout: settings.exchangeTimeoutMs,
      bodyTimeout: settings.exchangeTimeoutMs,
    });
  }

  request(options: Dispatcher.RequestOptions & { origin: string }): Promise<Dispatcher.ResponseData> {
    return this.agent.request(options);
  }

  async onApplicationShutdown(): Promise<void> {
    await this.agent.destroy();
  }
}
