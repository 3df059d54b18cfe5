import { HttpService } from '@nestjs/axios';
import { Injectable } from '@nestjs/common';
import { getAdapter, type AxiosResponse } from 'axios';
import { BoundedCache } from '../../common/bounded-cache.js';
import { AddressGuard } from '../address-guard/index.js';
import { DeliverySettings } from '../attempts/delivery-settings.js';
import { describeFailure, exchangeTimeout, type ExchangeFailure } from './describe-failure.js';
import { RunningExchanges } from './running-exchanges.js';
import { NO_HEADERS } from './undici-adapter.js';
import { userAgent } from './user-agent.js';
import { WebhookExchange, type BoundedAnswer, type OutgoingRequest } from './webhook-exchange.js';

export interface WebhookRequest {
  url: string;
  headers: Record<string, string>;
  body: Buffer;
}

export interface WebhookResponse {
  kind: 'response';
  statusCode: number;
  /** The unchanged `Retry-After` header. */
  retryAfter: string | null;
  /** The first 16 kB as text, without NUL, which PostgreSQL cannot store. */
  body: string;
}

/** A result that depends on the receiver or the network. */
export type CompletedExchange = WebhookResponse | ExchangeFailure;

/** `aborted`: this process is stopping. It does not count against the receiver. */
export type Exchange = CompletedExchange | { kind: 'aborted' };

/** The size of the cache of origins and paths. Deliveries need the same few again and again. */
const TARGET_CACHE_SIZE = 2_000;

type Target = Pick<OutgoingRequest, 'origin' | 'path'>;

/** Sends one request and returns its result; never throws. */
@Injectable()
export class WebhookTransport {
  private readonly userAgent = userAgent();
  private readonly running: RunningExchanges;
  private readonly targets = new BoundedCache<Target>(TARGET_CACHE_SIZE);

  constructor(
    private readonly http: HttpService,
    private readonly guard: AddressGuard,
    private readonly settings: DeliverySettings,
  ) {
    removeDefaultsExceptAdapter(http);
    this.running = new RunningExchanges(settings.exchangeTimeoutMs, () => new ExchangeTimedOut());
  }

  async send(request: WebhookRequest): Promise<Exchange> {
    let exchange: WebhookExchange;
    try {
      exchange = new WebhookExchange(this.toOutgoing(request));
    } catch (error) {
      return describeFailure(error, this.settings);
    }
    this.running.add(exchange);
    try {
      const { data } = await this.request(exchange);
      return toExchange(data);
    } catch (error) {
      if (error instanceof ExchangeTimedOut) return exchangeTimeout(this.settings.exchangeTimeoutMs);
      if (error instanceof ExchangeAborted) return { kind: 'aborted' };
      return describeFailure(error, this.settings);
    } finally {
      this.running.remove(exchange);
    }
  }

  /** Ends every running exchange as `aborted`. */
  abortAll(): void {
    this.running.abortAll(new ExchangeAborted());
  }

  /**
   * Calls the adapter directly unless interceptors exist, because the rest of axios takes half as long as undici itself
   * (ADR 0014). Uses the promise, because unsubscribing from HttpService's observable raises an error for each success.
   */
  private request(exchange: WebhookExchange): Promise<AxiosResponse<BoundedAnswer>> {
    const { axiosRef } = this.http;
    const { request, response } = axiosRef.interceptors;
    const isIntercepted = Boolean(request.handlers?.length) || Boolean(response.handlers?.length);
    if (isIntercepted) return axiosRef.request({ data: exchange });
    const adapter = getAdapter(axiosRef.defaults.adapter);
    return adapter({ data: exchange, headers: NO_HEADERS }) as Promise<AxiosResponse<BoundedAnswer>>;
  }

  /**
   * Checks the stored URL again, because settings may have changed since. The agent checks its addresses.
   * @throws AddressRefusedError
   */
  private toOutgoing({ url, headers, body }: WebhookRequest): OutgoingRequest {
    const { origin, path } = this.targets.get(url, () => {
      const { origin, pathname, search } = this.guard.checkUrl(url);
      return { origin, path: pathname + search };
    });
    return {
      origin,
      path,
      headers: { accept: '*/*', 'user-agent': this.userAgent, ...headers },
      body,
    };
  }
}

class ExchangeTimedOut extends Error {}
class ExchangeAborted extends Error {}

/** Axios merges its defaults into every request, which would cost more than the exchange. */
function removeDefaultsExceptAdapter({ axiosRef: { defaults } }: HttpService): void {
  for (const name of Object.keys(defaults) as (keyof typeof defaults)[]) if (name !== 'adapter') delete defaults[name];
}

function toExchange({ statusCode, headers, body }: BoundedAnswer): WebhookResponse {
  const retryAfter = headers['retry-after'];
  return {
    kind: 'response',
    statusCode,
    retryAfter: (Array.isArray(retryAfter) ? retryAfter[0] : retryAfter) ?? null,
    // Streaming mode drops a character that the 16 kB limit cut in two.
    body: body.length === 0 ? '' : new TextDecoder().decode(body, { stream: true }).replaceAll('\0', ''),
  };
}
