import { Injectable, Logger, type OnApplicationShutdown } from '@nestjs/common';
import { request } from 'undici';
import { Clock } from '../common/clock.js';
import { Environment } from '../config/index.js';
import { Metrics } from '../metrics/index.js';

const TIMEOUT_MS = 5_000;

/** At most one call so often: monitors count minutes, and rules are looked at every few seconds. */
const INTERVAL_MS = 60_000;

/** Tells a monitor elsewhere that the engine goes on, so that somebody hears of it when it does not: a process that has stopped cannot say so itself. */
@Injectable()
export class Heartbeat implements OnApplicationShutdown {
  private readonly logger = new Logger('Heartbeat');
  private readonly stop = new AbortController();
  private lastAt = Number.NEGATIVE_INFINITY;
  private wasHeard = true;

  constructor(
    private readonly environment: Environment,
    private readonly clock: Clock,
    private readonly metrics: Metrics,
  ) {}

  /** Calls the heartbeat URL, unless there is none or it was called within the last minute. Never throws: the engine does not depend on its monitor. */
  async beat(): Promise<void> {
    const url = this.environment.VEDETTE_HEARTBEAT_URL;
    const now = this.clock.now().getTime();
    // A clock that was set back must not silence the heartbeat for hours.
    if (url === undefined || Math.abs(now - this.lastAt) < INTERVAL_MS) return;
    this.lastAt = now;
    const failure = await this.call(url);
    if (this.stop.signal.aborted) return;
    this.metrics.heartbeat(failure === null ? 'sent' : 'failed');
    this.say(failure, new URL(url).host);
  }

  onApplicationShutdown(): void {
    this.stop.abort();
  }

  /** @returns why it failed, in words that hold nothing of the URL; null when it did not. */
  private async call(url: string): Promise<string | null> {
    try {
      const { statusCode, body } = await request(url, {
        signal: AbortSignal.any([this.stop.signal, AbortSignal.timeout(TIMEOUT_MS)]),
      });
      await body.dump();
      return statusCode >= 200 && statusCode < 300 ? null : `it answered ${statusCode}`;
    } catch (error) {
      const { code, name } = error as { code?: unknown; name: string };
      if (name === 'TimeoutError') return `no answer within ${TIMEOUT_MS / 1000} s`;
      return `the request failed: ${typeof code === 'string' ? code : name}`;
    }
  }

  /** Once a change. Only the host is named: the path of such a URL is a credential as a rule. */
  private say(failure: string | null, host: string): void {
    if (failure !== null && this.wasHeard) this.logger.warn(`The heartbeat does not reach ${host}: ${failure}`);
    if (failure === null && !this.wasHeard) this.logger.log(`The heartbeat reaches ${host} again`);
    this.wasHeard = failure === null;
  }
}
