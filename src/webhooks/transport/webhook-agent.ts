import { Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { Agent, ProxyAgent, type Dispatcher } from 'undici';
import { Environment } from '../../config/index.js';
import { AddressGuard, guardedConnector, HostResolver } from '../address-guard/index.js';
import { DeliverySettings } from '../attempts/delivery-settings.js';
import type { BoundedAnswer, WebhookExchange } from './webhook-exchange.js';

/**
 * Keeps connections to receivers alive between deliveries; the address guard checks each one. Follows no redirect, and
 * uses no proxy except `VEDETTE_WEBHOOK_PROXY_URL`. With that proxy the guard checks every request, because the proxy
 * opens the connection.
 */
@Injectable()
export class WebhookAgent implements OnApplicationShutdown {
  private readonly agent: Dispatcher;
  private readonly isProxied: boolean;

  constructor(
    private readonly guard: AddressGuard,
    resolver: HostResolver,
    settings: DeliverySettings,
    { VEDETTE_WEBHOOK_PROXY_URL: proxy }: Environment,
  ) {
    this.isProxied = proxy !== undefined;
    const options = {
      connections: settings.concurrency,
      pipelining: 1,
      // The transport limits the time of the whole exchange.
      headersTimeout: 0,
      bodyTimeout: 0,
    };
    this.agent =
      proxy === undefined
        ? new Agent({ ...options, connect: guardedConnector(guard, resolver, settings.connectTimeoutMs) })
        : new ProxyAgent({ ...options, ...proxyAddress(proxy), connectTimeout: settings.connectTimeoutMs });
  }

  /** @returns the answer; rejects if there is none, or if the exchange is aborted. */
  send(exchange: WebhookExchange): Promise<BoundedAnswer> {
    return this.isProxied ? this.sendThroughProxy(exchange) : this.dispatch(exchange);
  }

  async onApplicationShutdown(): Promise<void> {
    await this.agent.destroy();
  }

  private async sendThroughProxy(exchange: WebhookExchange): Promise<BoundedAnswer> {
    // Prevents an unhandled rejection if the exchange is aborted during the address check.
    exchange.answer.catch(() => undefined);
    await this.guard.checkBeforeProxy(new URL(exchange.request.origin));
    return this.dispatch(exchange);
  }

  private dispatch(exchange: WebhookExchange): Promise<BoundedAnswer> {
    const { origin, path, headers, body } = exchange.request;
    this.agent.dispatch({ origin, path, method: 'POST', headers, body }, exchange);
    return exchange.answer;
  }
}

/** Moves the user name and password into a header, because messages include the address of the proxy. */
function proxyAddress(proxy: string): { uri: string; token?: string } {
  const url = new URL(proxy);
  const { username, password } = url;
  if (username === '' && password === '') return { uri: url.href };
  url.username = '';
  url.password = '';
  const credentials = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
  return { uri: url.href, token: `Basic ${Buffer.from(credentials).toString('base64')}` };
}
