import { Injectable, Logger, type BeforeApplicationShutdown } from '@nestjs/common';
import { Clock } from '../../common/clock.js';
import { exitPoint } from '../../common/exit-points.js';
import { Metrics } from '../../metrics/index.js';
import { decideEmail } from './decide-email.js';
import { DigestMaker } from './digest-maker.js';
import { EmailSettings } from './email-settings.js';
import { EmailStore, type ClaimedEmail } from './email-store.js';
import type { LeftOutReason } from './left-out.js';
import { quietUntil } from './local-time.js';
import { Mailer } from './mailer.js';

/**
 * Sends the e-mail that is due. Any number of workers share the queue. One looks as soon as something was committed in this process, and every few seconds for
 * what others committed, for retries, for digests, and for leases of workers that died. A message may be sent twice when a worker dies between the server's
 * answer and its own note of it; it then carries the same Message-ID.
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

  /** From here on this process sends on its own, if there is a mail server. */
  start(): void {
    if (this.isStarted || !this.mailer.isConfigured) return;
    this.isStarted = true;
    this.poll();
  }

  /** Waits for the messages that are being sent: each has a time limit. */
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
   * Makes the digests and tries the messages that are due at the clock's present, whether this process sends on its own or not.
   * @returns how many attempts were made.
   */
  async drain(): Promise<number> {
    await this.digests.makeDue();
    let attempts = 0;
    while (!this.isStopping) {
      const { concurrency, leaseMs } = this.settings;
      // No more than are sent at once: what a claim has read of a person must not be old news by the time it is their turn.
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

  /** One look at a time; who asks during one makes it go round once more. */
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

  /** Much may have changed since the message was written: whoever is not to have it any more does not get it, and the trail of its alerts says why. */
  private async isUnwanted(mail: ClaimedEmail, now: Date): Promise<boolean> {
    const noReader = reasonOfReader(mail);
    if (!noReader && mail.leftOut.length > 0) {
      await this.store.leaveOut(mail, mail.leftOut, now);
      for (const { reason } of mail.leftOut) this.metrics.suppressedFor(reason);
    }
    const unwanted = noReader ?? reasonOfNotices(mail);
    if (unwanted) {
      if (await this.store.cancel(mail, unwanted, now)) this.metrics.notified('email', 'cancelled', unwanted);
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

function reasonOfReader({ isActive, isAudience, mode }: ClaimedEmail): 'inactive' | 'role' | 'turned_off' | null {
  if (!isActive) return 'inactive';
  if (!isAudience) return 'role';
  return mode === 'off' ? 'turned_off' : null;
}

function reasonOfNotices({ notices, leftOut: [first] }: ClaimedEmail): LeftOutReason | 'alerts_gone' | null {
  if (notices.length > 0) return null;
  return first?.reason ?? 'alerts_gone';
}

function reasonOf(statusCode: number | null): string {
  if (statusCode === null) return 'unreachable';
  return statusCode >= 500 ? 'smtp_5xx' : 'smtp_4xx';
}
