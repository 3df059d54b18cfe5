import { Injectable } from '@nestjs/common';
import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';
import type { SharedReadings } from './shared-readings.js';

/** Seconds: from a request answered from memory to one that uses its full time. */
const DURATION_BUCKETS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 15, 30];

/** Seconds: from a delivery sent right after the commit to its last attempt, days later. */
const LAG_BUCKETS = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 60, 300, 1_800, 7_200, 43_200, 259_200];

/** A committed pass over claimed rules. */
export interface EvaluatedRules {
  trigger: string;
  durationSeconds: number;
  /** How many rules of each type had each outcome. */
  rules: readonly { type: string; outcome: string; count: number }[];
  /** How many evaluations these rules have missed since they became due. */
  missed: number;
}

/** One attempt at a webhook delivery. */
export interface WebhookAttemptFacts {
  format: string;
  event: string;
  /** `delivered`; `retried` if another attempt follows; `failed` if none follows. */
  outcome: 'delivered' | 'retried' | 'failed';
  /** `ok`, or the cause of the failure: one of a short list of words. */
  reason: string;
  durationSeconds: number;
  /** From the commit to the end of this attempt. */
  lagSeconds: number;
  /** The kind of address that the address guard refused; null if it did not refuse. */
  refusedTier: string | null;
}

/**
 * The metrics of Vedette, behind an interface that hides the library. No label ever has an id or a name of an
 * organisation, an endpoint, a rule or a person: readers of the metrics belong to no organisation.
 */
@Injectable()
export class Metrics {
  private readonly registry = new Registry();
  private hasProcessMetrics = false;

  private readonly ruleEvaluations = this.counter(
    'rule_evaluations_total',
    'Rules evaluated by this process, by rule type and outcome: fired, refreshed, clear, already_alerted, cooldown, no_data or error.',
    ['type', 'outcome'],
  );
  private readonly evaluationDuration = this.histogram(
    'evaluation_duration_seconds',
    'Time from claiming a batch of rules to its commit, by what caused it: cron, posture_change or manual.',
    ['trigger'],
    DURATION_BUCKETS,
  );
  private readonly evaluationFailures = this.counter(
    'evaluation_failures_total',
    'Batches of rules that were rolled back and stay due, by what caused them.',
    ['trigger'],
  );
  private readonly evaluationsMissed = this.counter(
    'evaluations_missed_total',
    'Evaluations that were skipped because the next one was already due; counted at the next evaluation of the rule.',
  );
  private readonly suppressed = this.counter(
    'suppressed_total',
    'Notifications that were not sent, by reason: the rule was in its cooldown (cooldown), its alert was already open (already_open), or one channel did not notify one person (min_severity, rule_type, channel_off, no_mail_server) or not yet (quiet_hours).',
    ['reason'],
  );
  private readonly transitions = this.counter(
    'transitions_total',
    'Alerts that changed their status; the old status of a new alert is none.',
    ['from', 'to', 'cause'],
  );
  private readonly notifications = this.counter(
    'notifications_total',
    'Notifications by channel (in_app: one per person; webhook: one per endpoint; email: one per message) and final outcome. The reason is the event if they were sent (for e-mail: immediate or digest), and the cause if they failed or were cancelled.',
    ['channel', 'outcome', 'reason'],
  );
  private readonly webhookDeliveries = this.counter(
    'webhook_deliveries_total',
    'Attempts at webhook deliveries, by outcome: delivered, retried (another attempt follows) or failed (none follows).',
    ['format', 'outcome', 'reason'],
  );
  private readonly webhookAttemptDuration = this.histogram(
    'webhook_attempt_duration_seconds',
    'Time of one attempt, from signing to the end of the answer.',
    [],
    DURATION_BUCKETS,
  );
  private readonly webhookDeliveryLag = this.histogram(
    'webhook_delivery_lag_seconds',
    'Time from the commit of an event to the 2xx of its receiver, all attempts and waits included.',
    [],
    LAG_BUCKETS,
  );
  private readonly webhookRetries = this.counter(
    'webhook_retries_total',
    'Attempts that failed and are followed by another.',
    ['reason'],
  );
  private readonly webhookExhausted = this.counter(
    'webhook_exhausted_total',
    'Deliveries that failed for good: they have no attempt left, or their endpoint is gone.',
  );
  private readonly webhookRefusals = this.counter(
    'webhook_ssrf_blocked_total',
    'Attempts that the address guard refused, by the kind of address.',
    ['tier'],
  );
  private readonly webhookLeasesExpired = this.counter(
    'webhook_lease_expired_total',
    'Deliveries taken over because the worker that had claimed them did not finish in time, or died.',
  );
  private readonly webhookReplays = this.counter(
    'webhook_replays_total',
    'Webhook deliveries that were sent again on request.',
  );
  private readonly clockCorrections = this.counter(
    'clock_corrections_total',
    'Stored times that lay too far in the future, because a clock was ahead, and count as now: last_fired, schedule, posture_change, snapshot, webhook_delivery, webhook_endpoint, email or digest.',
    ['kind'],
  );
  private readonly heartbeats = this.counter('heartbeats_total', 'Calls of the heartbeat URL: sent, or failed.', [
    'outcome',
  ]);
  private readonly httpDuration = this.histogram(
    'http_request_duration_seconds',
    'HTTP requests answered, by the pattern of the route (unmatched where there is none), method and class of status.',
    ['route', 'method', 'status'],
    DURATION_BUCKETS,
  );

  /**
   * Groups of attempts with the same labels, counted until the next scrape. Looking labels up takes longer than an
   * attempt can afford.
   */
  private readonly attempts: { attempt: WebhookAttemptFacts; count: number }[] = [];

  private readonly databaseUp = this.gauge(
    'database_up',
    '1 while the database answers, else 0. The gauges that are read from the database are missing while it does not answer within 2 s.',
  );
  private readonly schedulerBehind = this.gauge(
    'scheduler_behind_seconds',
    'How long the most overdue rule has been due, over all replicas; 0 if no rule is due.',
  );
  private readonly evaluationAge = this.gauge(
    'evaluation_age_seconds',
    'Time since a replica last completed a pass over all due rules; missing before the first pass.',
  );
  private readonly evaluationInterval = this.gauge(
    'evaluation_interval_seconds',
    'Time between two slots of the evaluation schedule.',
  );
  private readonly snapshotAge = this.gauge(
    'snapshot_age_seconds',
    'The highest age of the newest snapshot, over all organisations, from the beginning of its day (UTC). An organisation without a snapshot counts from its creation.',
  );
  private readonly alertsOpen = this.gauge('alerts_open', 'Open alerts of all organisations.', ['severity']);
  private readonly outboxOldest = this.gauge(
    'outbox_oldest_seconds',
    'How long the most overdue notification has been due, over all channels with an outbox; 0 if none is due.',
  );
  private readonly deadLetters = this.gauge(
    'dead_letters',
    'Webhook deliveries and e-mail messages that failed for good within the last 24 hours.',
    ['channel'],
  );
  private readonly webhookQueueDepth = this.gauge(
    'webhook_queue_depth',
    'Unfinished deliveries: due, sending (claimed by a worker), or waiting for their next attempt. Counted up to 100,000.',
    ['status'],
  );
  private readonly webhookOldestDue = this.gauge(
    'webhook_oldest_due_seconds',
    'How long the most overdue webhook delivery has been due; 0 if none is due.',
  );
  private readonly webhookEndpoints = this.gauge(
    'webhook_endpoint_state',
    'Webhook endpoints: enabled, disabled, or breaker_open (nearly all attempts failed, so few are sent).',
    ['state'],
  );

  evaluated({ trigger, durationSeconds, rules, missed }: EvaluatedRules): void {
    this.evaluationDuration.observe({ trigger }, durationSeconds);
    this.evaluationsMissed.inc(missed);
    for (const { type, outcome, count } of rules) {
      this.ruleEvaluations.inc({ type, outcome }, count);
      if (outcome === 'cooldown') this.suppressed.inc({ reason: 'cooldown' }, count);
      if (outcome === 'refreshed') this.suppressed.inc({ reason: 'already_open' }, count);
    }
  }

  evaluationFailed(trigger: string): void {
    this.evaluationFailures.inc({ trigger });
  }

  /**
   * @param from the old status, or `none` for an alert that opens.
   * @param cause one of a short list of words: `fired`, `person`, `api_key` and the like.
   */
  transitioned(from: string, to: string, cause: string, count = 1): void {
    this.transitions.inc({ from, to, cause }, count);
  }

  /** @param reason the event if the notifications were sent, and the cause if they failed. */
  notified(
    channel: 'in_app' | 'webhook' | 'email',
    outcome: 'sent' | 'failed' | 'cancelled',
    reason: string,
    count = 1,
  ): void {
    this.notifications.inc({ channel, outcome, reason }, count);
  }

  /** @param reason why a channel did not notify a person, or not yet: one of a short list of words. */
  suppressedFor(reason: string, count = 1): void {
    this.suppressed.inc({ reason }, count);
  }

  webhookAttempted(attempt: WebhookAttemptFacts): void {
    this.webhookAttemptDuration.observe(attempt.durationSeconds);
    if (attempt.outcome === 'delivered') this.webhookDeliveryLag.observe(Math.max(0, attempt.lagSeconds));
    const known = this.attempts.find((group) => areAlike(group.attempt, attempt));
    if (known) known.count += 1;
    else this.attempts.push({ attempt, count: 1 });
  }

  private countAttempts(): void {
    for (const { attempt, count } of this.attempts.splice(0)) {
      const { format, event, outcome, reason, refusedTier } = attempt;
      this.webhookDeliveries.inc({ format, outcome, reason }, count);
      if (refusedTier !== null) this.webhookRefusals.inc({ tier: refusedTier }, count);
      if (outcome === 'delivered') {
        this.notified('webhook', 'sent', event, count);
      } else if (outcome === 'retried') {
        this.webhookRetries.inc({ reason }, count);
      } else {
        this.webhookExhausted.inc(count);
        this.notified('webhook', 'failed', reason, count);
      }
    }
  }

  webhookLeasesTakenOver(count: number): void {
    this.webhookLeasesExpired.inc(count);
  }

  webhooksReplayed(count: number): void {
    this.webhookReplays.inc(count);
  }

  /** @param kind the kind of stored time, one of a short list of words. */
  clockCorrected(kind: string, count: number): void {
    this.clockCorrections.inc({ kind }, count);
  }

  heartbeat(outcome: 'sent' | 'failed'): void {
    this.heartbeats.inc({ outcome });
  }

  /** @param route the pattern, never the path: a path contains ids. */
  httpAnswered(route: string, method: string, statusCode: number, durationSeconds: number): void {
    this.httpDuration.observe({ route, method, status: `${Math.floor(statusCode / 100)}xx` }, durationSeconds);
  }

  /**
   * Takes over the readings from the database. A reading that is missing is not shown, instead of showing its old
   * value.
   */
  read(isUp: boolean, readings: SharedReadings | null): void {
    this.databaseUp.set(isUp ? 1 : 0);
    set(this.schedulerBehind, readings?.schedulerBehindSeconds);
    set(this.evaluationAge, readings?.evaluationAgeSeconds);
    set(this.snapshotAge, readings?.snapshotAgeSeconds);
    set(this.outboxOldest, readings && Math.max(readings.oldestDueDeliverySeconds, readings.oldestDueEmailSeconds));
    set(this.webhookOldestDue, readings?.oldestDueDeliverySeconds);
    setEach(this.deadLetters, 'channel', readings?.deadLetters);
    setEach(this.alertsOpen, 'severity', readings?.openBySeverity);
    setEach(this.webhookQueueDepth, 'status', readings?.queueDepth);
    setEach(this.webhookEndpoints, 'state', readings?.endpoints);
  }

  schedule(evaluationIntervalSeconds: number): void {
    this.evaluationInterval.set(evaluationIntervalSeconds);
  }

  /**
   * Returns all metrics in the Prometheus text format. Process metrics are collected from the first call on, because
   * the command line does not need them.
   */
  async expose(): Promise<{ contentType: string; text: string }> {
    if (!this.hasProcessMetrics) collectDefaultMetrics({ register: this.registry });
    this.hasProcessMetrics = true;
    this.countAttempts();
    return { contentType: this.registry.contentType, text: await this.registry.metrics() };
  }

  private counter<Label extends string>(name: string, help: string, labelNames: Label[] = []): Counter<Label> {
    return new Counter({ name: `vedette_${name}`, help, labelNames, registers: [this.registry] });
  }

  private gauge<Label extends string>(name: string, help: string, labelNames: Label[] = []): Gauge<Label> {
    return new Gauge({ name: `vedette_${name}`, help, labelNames, registers: [this.registry] });
  }

  private histogram<Label extends string>(
    name: string,
    help: string,
    labelNames: Label[],
    buckets: number[],
  ): Histogram<Label> {
    return new Histogram({ name: `vedette_${name}`, help, labelNames, buckets, registers: [this.registry] });
  }
}

function areAlike(a: WebhookAttemptFacts, b: WebhookAttemptFacts): boolean {
  return (
    a.format === b.format &&
    a.event === b.event &&
    a.outcome === b.outcome &&
    a.reason === b.reason &&
    a.refusedTier === b.refusedTier
  );
}

function set(gauge: Gauge, value: number | null | undefined): void {
  if (value === null || value === undefined) gauge.remove();
  else gauge.set(value);
}

function setEach<Label extends string>(
  gauge: Gauge<Label>,
  label: Label,
  values: Readonly<Record<string, number>> = {},
): void {
  gauge.reset();
  for (const [name, value] of Object.entries(values)) gauge.set({ [label]: name } as Record<Label, string>, value);
}
