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
  /** The `Retry-After` header as it came. */
  retryAfter: string | null;
  /** The first 16 kB as text. Holds no NUL, which PostgreSQL cannot store. */
  body: string;
}

/** What says something of the receiver, or of the way to it. */
export type CompletedExchange = WebhookResponse | ExchangeFailure;

/** `aborted`: this process gave up because it is stopping, which says nothing of the receiver. */
export type Exchange = CompletedExchange | { kind: 'aborted' };

/** Origins and paths that are remembered: deliveries need the same few over and over. */
const TARGETS_KEPT = 2_000;

type Target = Pick<OutgoingRequest, 'origin' | 'path'>;

/** Sends one request and says what came of it; never throws. */
@Injectable()
export class WebhookTransport {
  private readonly userAgent = userAgent();
  private readonly running: RunningExchanges;
  private readonly targets = new BoundedCache<Target>(TARGETS_KEPT);

  constructor(
    private readonly http: HttpService,
    private readonly guard: AddressGuard,
    private readonly settings: DeliverySettings,
  ) {
    leaveOnlyAdapter(http);
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
   * What axios does with a request before and after its adapter takes half as long as undici's own code, and comes to nothing where it has nothing but an adapter; so axios is asked only
   * where somebody has given it more to do (ADR 0014). The promise underneath, because unsubscribing from HttpService's observable raises a cancellation error for every request that succeeded.
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
   * The stored URL is checked again, because the deployment's settings may have changed since it was saved; the agent checks where it leads.
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

/** Axios merges its defaults into every request. What this transport has no use for would cost more than the exchange. */
function leaveOnlyAdapter({ axiosRef: { defaults } }: HttpService): void {
  for (const name of Object.keys(defaults) as (keyof typeof defaults)[]) if (name !== 'adapter') delete defaults[name];
}

function toExchange({ statusCode, headers, body }: BoundedAnswer): WebhookResponse {
  const retryAfter = headers['retry-after'];
  return {
    kind: 'response',
    statusCode,
    retryAfter: (Array.isArray(retryAfter) ? retryAfter[0] : retryAfter) ?? null,
    // Streaming mode leaves out a character that the 16 kB bound cut in two.
    body: body.length === 0 ? '' : new TextDecoder().decode(body, { stream: true }).replaceAll('\0', ''),
  };
}
