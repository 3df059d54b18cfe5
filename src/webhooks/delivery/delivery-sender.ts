import { Injectable, Logger } from '@nestjs/common';
import { Clock } from '../../common/clock.js';
import { SecretBox } from '../../common/secret-box.js';
import { Metrics } from '../../metrics/index.js';
import { Tracing, type Span } from '../../tracing/index.js';
import { webhookFormat } from '../formats/index.js';
import { WebhookTransport, type CompletedExchange, type Exchange, type WebhookRequest } from '../transport/index.js';
import { PING_EVENT } from '../webhook-events.js';
import { decideNext, MAX_ATTEMPTS } from './decide-next.js';
import { attemptReason } from './attempt-reason.js';
import type { AttemptResult, DeliveryLease } from './delivery-lease.js';

/** Makes one attempt at a delivery: signs, sends, and decides what follows. Holds no transaction. */
@Injectable()
export class DeliverySender {
  private readonly logger = new Logger('Webhooks');

  constructor(
    private readonly transport: WebhookTransport,
    private readonly secretBox: SecretBox,
    private readonly clock: Clock,
    private readonly metrics: Metrics,
    private readonly tracing: Tracing,
  ) {}

  /** @returns null when the attempt was broken off because the process stops: it does not count. */
  attempt(lease: DeliveryLease): Promise<AttemptResult | null> {
    const attributes = {
      'http.request.method': 'POST',
      'server.address': hostOf(lease.url),
      'vedette.webhook.event': lease.eventType,
      'vedette.webhook.format': lease.format,
      'vedette.webhook.attempt': lease.attempt,
    };
    return this.tracing.span('webhook attempt', { kind: 'client', attributes }, (span) => this.attemptIn(span, lease));
  }

  private async attemptIn(span: Span, lease: DeliveryLease): Promise<AttemptResult | null> {
    const startedAt = this.clock.now();
    const started = performance.now();
    const exchange = await this.exchange(lease, startedAt);
    if (exchange.kind === 'aborted') return null;
    const finishedAt = this.clock.now();
    const maxAttempts = lease.eventType === PING_EVENT ? 1 : MAX_ATTEMPTS;
    const next = decideNext(lease.attempt, exchange, finishedAt, Math.random(), maxAttempts);
    const isResponse = exchange.kind === 'response';
    const result: AttemptResult = {
      lease,
      startedAt,
      finishedAt,
      durationMs: performance.now() - started,
      statusCode: isResponse ? exchange.statusCode : null,
      error: next.status === 'delivered' ? null : isResponse ? describeStatus(exchange.statusCode) : exchange.error,
      responseBody: isResponse ? exchange.body : null,
      next,
    };
    this.observe(span, result, exchange);
    return result;
  }

  private observe(
    span: Span,
    { lease, next, statusCode, durationMs, finishedAt }: AttemptResult,
    exchange: CompletedExchange,
  ): void {
    const reason = attemptReason(exchange);
    this.metrics.webhookAttempted({
      format: lease.format,
      event: lease.eventType,
      outcome: next.status === 'pending' ? 'retried' : next.status,
      reason,
      durationSeconds: durationMs / 1000,
      lagSeconds: (finishedAt.getTime() - lease.createdAt.getTime()) / 1000,
      refusedTier: (exchange.kind === 'refused' ? exchange.tier : undefined) ?? null,
    });
    if (statusCode !== null) span.set({ 'http.response.status_code': statusCode });
    if (next.status !== 'delivered') span.fail(reason);
  }

  /** Breaks off every attempt that runs. */
  abortAll(): void {
    this.transport.abortAll();
  }

  private async exchange(lease: DeliveryLease, at: Date): Promise<Exchange> {
    let request: WebhookRequest;
    try {
      const secret = this.secretBox.open(lease.secretCiphertext, lease.endpointId);
      const target = { url: lease.url, settings: {}, secrets: [secret] };
      const formatted = webhookFormat(lease.format).format(lease, target, at);
      if (!formatted) throw new Error(`the format ${lease.format} does not tell of ${lease.eventType}`);
      request = { url: lease.url, ...formatted };
    } catch (error) {
      this.logger.error(`Webhook endpoint ${lease.endpointId}: a delivery cannot be prepared`, (error as Error).stack);
      return { kind: 'unreachable', error: `not sent: ${(error as Error).message}` };
    }
    return this.transport.send(request);
  }
}

function describeStatus(statusCode: number): string {
  if (statusCode >= 300 && statusCode < 400) return `answered ${statusCode}, a redirect, which is never followed`;
  if (statusCode === 410) return 'answered 410, gone: the endpoint was disabled';
  return `answered ${statusCode}`;
}

/** The host alone: the rest of the URL may be a credential. */
function hostOf(url: string): string {
  return URL.canParse(url) ? new URL(url).hostname : '';
}
