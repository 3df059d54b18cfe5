import { HttpService } from '@nestjs/axios';
import { Injectable } from '@nestjs/common';
import type { AxiosResponse } from 'axios';
import { AddressGuard } from '../address-guard/index.js';
import { DeliverySettings } from '../delivery/delivery-settings.js';
import { describeFailure, exchangeTimeout, type ExchangeFailure } from './describe-failure.js';
import { userAgent } from './user-agent.js';

export interface WebhookRequest {
  url: string;
  headers: Record<string, string>;
  body: string;
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

/** Sends one request and says what came of it; never throws. */
@Injectable()
export class WebhookTransport {
  private readonly userAgent = userAgent();
  private readonly running = new Set<AbortController>();

  constructor(
    private readonly http: HttpService,
    private readonly guard: AddressGuard,
    private readonly settings: DeliverySettings,
  ) {}

  async send(request: WebhookRequest): Promise<Exchange> {
    const controller = new AbortController();
    let isTimedOut = false;
    const timer = setTimeout(() => {
      isTimedOut = true;
      controller.abort();
    }, this.settings.exchangeTimeoutMs);
    this.running.add(controller);
    try {
      return toExchange(await this.post(request, controller.signal));
    } catch (error) {
      if (isTimedOut) return exchangeTimeout(this.settings.exchangeTimeoutMs);
      if (controller.signal.aborted) return { kind: 'aborted' };
      return describeFailure(error, this.settings);
    } finally {
      clearTimeout(timer);
      this.running.delete(controller);
    }
  }

  /** Ends every running exchange as `aborted`. */
  abortAll(): void {
    for (const controller of this.running) controller.abort();
  }

  /** The stored URL is checked again, because the deployment's settings may have changed since it was saved; the agent checks where it leads. */
  private async post({ url, headers, body }: WebhookRequest, signal: AbortSignal): Promise<AxiosResponse<Buffer>> {
    const { href } = this.guard.checkUrl(url);
    // The promise underneath, because unsubscribing from HttpService's observable raises a cancellation error for every request that succeeded.
    return this.http.axiosRef.post<Buffer>(href, Buffer.from(body, 'utf8'), {
      headers: { accept: '*/*', 'user-agent': this.userAgent, ...headers },
      signal,
    });
  }
}

function toExchange({ status, headers, data }: AxiosResponse<Buffer>): WebhookResponse {
  const retryAfter: unknown = headers['retry-after'];
  return {
    kind: 'response',
    statusCode: status,
    retryAfter: typeof retryAfter === 'string' ? retryAfter : null,
    // Streaming mode leaves out a character that the 16 kB bound cut in two.
    body: new TextDecoder().decode(data, { stream: true }).replaceAll('\0', ''),
  };
}
