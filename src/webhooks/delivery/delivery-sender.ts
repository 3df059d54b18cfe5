import { Injectable, Logger } from '@nestjs/common';
import { Clock } from '../../common/clock.js';
import { Metrics } from '../../metrics/index.js';
import { Tracing, type Span } from '../../tracing/index.js';
import { attemptReason } from '../attempts/attempt-reason.js';
import type { AttemptResult, DeliveryLease } from '../attempts/delivery-lease.js';
import { nextStep, MAX_ATTEMPTS, pauseAfter, type Urgency } from '../attempts/retry-policy.js';
import { PING_EVENT } from '../endpoints/webhook-events.js';
import { FORMATS } from '../formats/index.js';
import { WebhookTransport, type CompletedExchange } from '../transport/index.js';
import { DeliveryRequests, type PreparedRequest } from './delivery-requests.js';

/** Why the request could not be prepared. */
interface Unprepared {
  fault: string;
}

/** Makes one attempt at a delivery: signs, sends, and decides the next step. No transaction is open meanwhile. */
@Injectable()
export class DeliverySender {
  private readonly logger = new Logger('Webhooks');

  constructor(
    private readonly transport: WebhookTransport,
    private readonly requests: DeliveryRequests,
    private readonly clock: Clock,
    private readonly metrics: Metrics,
    private readonly tracing: Tracing,
  ) {}

  /** @returns null if the attempt was aborted because the process stops. Such an attempt does not count. */
  attempt(lease: DeliveryLease): Promise<AttemptResult | null> {
    const startedAt = this.clock.now();
    const prepared = this.prepare(lease, startedAt);
    if (prepared === null) return Promise.resolve(skipped(lease, startedAt));
    const attributes = {
      'http.request.method': 'POST',
      'server.address': 'fault' in prepared ? '' : prepared.host,
      'vedette.webhook.event': lease.eventType,
      'vedette.webhook.format': lease.endpoint.format,
      'vedette.webhook.attempt': lease.attempt,
    };
    return this.tracing.span('webhook attempt', { kind: 'client', attributes }, (span) =>
      this.attemptIn(span, lease, startedAt, prepared),
    );
  }

  private async attemptIn(
    span: Span,
    lease: DeliveryLease,
    startedAt: Date,
    prepared: PreparedRequest | Unprepared,
  ): Promise<AttemptResult | null> {
    const started = performance.now();
    const exchange =
      'fault' in prepared
        ? ({ kind: 'unreachable', error: `not sent: ${prepared.fault}` } as const)
        : await this.transport.send(prepared.request);
    if (exchange.kind === 'aborted') return null;
    const finishedAt = this.clock.now();
    const next = nextStep(
      lease.attempt - lease.attemptsBefore,
      exchange,
      finishedAt,
      Math.random(),
      lease.eventType === PING_EVENT ? 1 : MAX_ATTEMPTS,
      urgencyOf(lease.endpoint.format),
    );
    const isResponse = exchange.kind === 'response';
    const result: AttemptResult = {
      lease,
      startedAt,
      finishedAt,
      durationMs: performance.now() - started,
      statusCode: isResponse ? exchange.statusCode : null,
      error: next.status === 'delivered' ? null : isResponse ? describeStatus(exchange.statusCode) : exchange.error,
      responseBody: isResponse ? exchange.body : null,
      request: 'fault' in prepared ? null : prepared.logged,
      pauseUntil: pauseAfter(exchange, finishedAt),
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
      format: lease.endpoint.format,
      event: lease.eventType,
      outcome: next.status === 'pending' ? 'retried' : next.status === 'failed' ? 'failed' : 'delivered',
      reason,
      durationSeconds: durationMs / 1000,
      lagSeconds: (finishedAt.getTime() - lease.createdAtMs) / 1000,
      refusedTier: (exchange.kind === 'refused' ? exchange.tier : undefined) ?? null,
    });
    if (statusCode !== null) span.set({ 'http.response.status_code': statusCode });
    if (next.status !== 'delivered') span.fail(reason);
  }

  /** Aborts all running attempts. */
  abortAll(): void {
    this.transport.abortAll();
  }

  private prepare(lease: DeliveryLease, at: Date): PreparedRequest | Unprepared | null {
    try {
      return this.requests.prepare(lease, at);
    } catch (error) {
      this.logger.error(
        `Webhook endpoint ${lease.endpointId}: a delivery could not be prepared`,
        (error as Error).stack,
      );
      return { fault: (error as Error).message };
    }
  }
}

/** The format does not support the event: nothing is sent, and the delivery is complete. */
function skipped(lease: DeliveryLease, at: Date): AttemptResult {
  const nothing = { statusCode: null, error: null, responseBody: null, request: null, pauseUntil: null };
  return { lease, startedAt: at, finishedAt: at, durationMs: 0, ...nothing, next: { status: 'skipped' } };
}

function urgencyOf(format: string): Urgency {
  return FORMATS.find(({ code }) => code === format)?.urgency ?? 'normal';
}

function describeStatus(statusCode: number): string {
  if (statusCode >= 300 && statusCode < 400) return `answered ${statusCode}, a redirect, which is never followed`;
  if (statusCode === 410) return 'answered 410, gone: the endpoint was disabled';
  return `answered ${statusCode}`;
}
