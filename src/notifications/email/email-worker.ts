import { Injectable, Logger, type BeforeApplicationShutdown } from '@nestjs/common';
import { Clock } from '../../common/clock.js';
import { exitPoint } from '../../common/exit-points.js';
import { Metrics } from '../../metrics/index.js';
import { decideEmail } from './decide-email.js';
import { DigestMaker } from './digest-maker.js';
import { EmailSettings } from './email-settings.js';
import { EmailStore, type ClaimedEmail, type SuppressedNotice } from './email-store.js';
import { quietUntil } from './local-time.js';
import { Mailer } from './mailer.js';

/**
 * Sends the e-mail that is due. Any number of workers share the queue. A worker looks after each commit of its
 * process, and every few seconds. If it dies after the server took a message and before it recorded that, the message
 * is sent again with the same Message-ID.
 */
@Injectable()
export class EmailWorker implements BeforeApplicationShutdown {
  private readonly logger = new Logger('Email');
  private timer: NodeJS.Timeout | undefined;
  private isStarted = false;
  private isStopping = false;
  private working: Promise<unknown> | undefined;
  private lookAgain = false;

  constructor(
    private readonly store: EmailStore,
    private readonly digests: DigestMaker,
    private readonly mailer: Mailer,
    private readonly clock: Clock,
    private readonly settings: EmailSettings,
    private readonly metrics: Metrics,
  ) {}

  /** Starts sending in the background, if there is a mail server. */
  start(): void {
    if (this.isStarted || !this.mailer.isConfigured) return;
    this.isStarted = true;
    this.poll();
  }

  /** Waits for the messages that are being sent. Each has a time limit. */
  async beforeApplicationShutdown(): Promise<void> {
    this.isStopping = true;
    clearTimeout(this.timer);
    await this.working;
  }

  /** Looks for due messages now. Does nothing before {@link start}. */
  wake(): void {
    if (this.isStarted && !this.isStopping) void this.look();
  }

  /**
   * Makes the digests and sends the messages that are due now. It works before {@link start} too.
   * @returns the number of attempts.
   */
  async drain(): Promise<number> {
    await this.digests.makeDue();
    await this.store.correct(this.clock.now());
    let attempts = 0;
    while (!this.isStopping) {
      const { concurrency, leaseMs } = this.settings;
      // Claims no more than are sent in parallel, so that the preferences that the claim read are still current.
      const mails = await this.store.claim(this.clock.now(), concurrency, leaseMs);
      if (mails.length === 0) break;
      exitPoint('email:after-claim');
      const attempted = await Promise.all(mails.map((mail) => this.handle(mail)));
      attempts += attempted.filter(Boolean).length;
    }
    return attempts;
  }

  private poll(): void {
    void this.look().then(() => {
      if (!this.isStopping) this.timer = setTimeout(() => this.poll(), this.settings.pollIntervalMs);
    });
  }

  /** Runs one look at a time. A call during a look repeats it once. */
  private look(): Promise<unknown> {
    this.lookAgain = true;
    this.working ??= this.drainWhileAsked().finally(() => (this.working = undefined));
    return this.working;
  }

  private async drainWhileAsked(): Promise<void> {
    try {
      while (this.lookAgain && !this.isStopping) {
        this.lookAgain = false;
        await this.drain();
      }
    } catch (error) {
      this.logger.error('Due e-mail could not be claimed; the next poll tries again', (error as Error).stack);
    }
  }

  /** @returns whether an attempt to send was made. */
  private async handle(mail: ClaimedEmail): Promise<boolean> {
    try {
      const now = this.clock.now();
      if (await this.isUnwanted(mail, now)) return false;
      const heldUntil = mail.quietHours && quietUntil(now, mail.quietHours);
      if (heldUntil) {
        if (await this.store.hold(mail, heldUntil)) this.metrics.suppressedFor('quiet_hours');
        return false;
      }
      await this.attempt(mail);
      return true;
    } catch (error) {
      this.logger.error(
        `E-mail ${mail.id} broke off; it is tried again when its lease runs out`,
        (error as Error).stack,
      );
      return false;
    }
  }

  /**
   * Applies role and preferences again: they may have changed since the message was written. @returns whether there is
   * nothing left to send.
   */
  private async isUnwanted(mail: ClaimedEmail, now: Date): Promise<boolean> {
    const reasonOfMember = mail.notices.length === 0 ? memberReason(mail.suppressed) : null;
    if (!reasonOfMember && mail.suppressed.length > 0) {
      await this.store.removeNotices(mail, mail.suppressed, now);
      for (const { reason } of mail.suppressed) this.metrics.suppressedFor(reason);
    }
    if (mail.notices.length === 0) {
      const reason = reasonOfMember ?? mail.suppressed[0]?.reason ?? 'alerts_gone';
      if (await this.store.cancel(mail, reason, now)) this.metrics.notified('email', 'cancelled', reason);
      return true;
    }
    if (mail.kind !== 'immediate' || mail.mode !== 'daily_digest') return false;
    if (await this.store.putIntoDigest(mail, now)) this.metrics.notified('email', 'cancelled', 'digest');
    return true;
  }

  private async attempt(mail: ClaimedEmail): Promise<void> {
    const outcome = await this.mailer.send(mail);
    exitPoint('email:after-send');
    const finishedAt = this.clock.now();
    const next = decideEmail(mail.attempt, outcome, finishedAt, Math.random());
    const changed = await this.store.finish([{ mail, finishedAt, outcome, next }]);
    exitPoint('email:after-finish');
    if (outcome.kind === 'failed') {
      const status = outcome.statusCode === null ? '' : ` (${outcome.statusCode})`;
      this.logger.warn(
        `E-mail ${mail.id} was not sent at attempt ${mail.attempt}${status}${next.status === 'failed' ? ' and is given up on' : ''}: ${outcome.error}`,
      );
    }
    if (changed === 0 || next.status === 'pending') return;
    if (outcome.kind === 'sent') this.metrics.notified('email', 'sent', mail.kind);
    else this.metrics.notified('email', 'failed', reasonOf(outcome.statusCode));
  }
}

/** Reasons that are about the member and not about the notice. */
const MEMBER_REASONS: readonly SuppressedNotice['reason'][] = ['inactive', 'role', 'turned_off'];

/** The reason about the member that all suppressed notices share; null when there is none. */
function memberReason([first, ...rest]: readonly SuppressedNotice[]): SuppressedNotice['reason'] | null {
  if (!first || !MEMBER_REASONS.includes(first.reason)) return null;
  return rest.every(({ reason }) => reason === first.reason) ? first.reason : null;
}

function reasonOf(statusCode: number | null): string {
  if (statusCode === null) return 'unreachable';
  return statusCode >= 500 ? 'smtp_5xx' : 'smtp_4xx';
}
