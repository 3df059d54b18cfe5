import { Injectable, Logger, type OnApplicationShutdown } from '@nestjs/common';
import { request } from 'undici';
import { Clock } from '../common/clock.js';
import { Environment } from '../config/index.js';
import { Metrics } from '../metrics/index.js';

const TIMEOUT_MS = 5_000;

/** Limits the calls: monitors count minutes, but passes end every few seconds. */
const INTERVAL_MS = 60_000;

/**
 * Calls an external monitor while the engine runs. The monitor raises an alarm when the calls stop, which a stopped
 * process cannot do.
 */
@Injectable()
export class Heartbeat implements OnApplicationShutdown {
  private readonly logger = new Logger('Heartbeat');
  private readonly stop = new AbortController();
  private lastAt = Number.NEGATIVE_INFINITY;
  private wasReached = true;

  constructor(
    private readonly environment: Environment,
    private readonly clock: Clock,
    private readonly metrics: Metrics,
  ) {}

  /**
   * Calls the heartbeat URL, unless it is not set or was called within the last minute. Never throws: the engine does
   * not depend on its monitor.
   */
  async beat(): Promise<void> {
    const url = this.environment.VEDETTE_HEARTBEAT_URL;
    const now = this.clock.now().getTime();
    // Math.abs: a clock that was set back must not silence the heartbeat for hours.
    if (url === undefined || Math.abs(now - this.lastAt) < INTERVAL_MS) return;
    this.lastAt = now;
    const failure = await this.call(url);
    if (this.stop.signal.aborted) return;
    this.metrics.heartbeat(failure === null ? 'sent' : 'failed');
    this.logChange(failure, new URL(url).host);
  }

  onApplicationShutdown(): void {
    this.stop.abort();
  }

  /** @returns why the call failed, without any part of the URL; null if it succeeded. */
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

  /** Logs only changes, and names only the host: the path of such a URL is usually a credential. */
  private logChange(failure: string | null, host: string): void {
    if (failure !== null && this.wasReached) this.logger.warn(`The heartbeat does not reach ${host}: ${failure}`);
    if (failure === null && !this.wasReached) this.logger.log(`The heartbeat reaches ${host} again`);
    this.wasReached = failure === null;
  }
}
