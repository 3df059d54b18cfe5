import { Injectable, Logger } from '@nestjs/common';
import { counted } from '../common/wire.js';
import { Metrics } from './metrics.js';

const COUNTS_AS_NOW = 'Vedette counts the time as now';

/** The kinds of stored time, with the words of the log for one and for several of them, and for the effect. */
const WORDS = {
  last_fired: ['last firing of a rule', 'last firings of rules'],
  schedule: ['evaluation schedule', 'evaluation schedules'],
  posture_change: ['posture change', 'posture changes'],
  snapshot: ['snapshot', 'snapshots', 'rules leave such a snapshot out until its day'],
  webhook_delivery: ['webhook delivery', 'webhook deliveries'],
  webhook_endpoint: ['pause or breaker of a webhook endpoint', 'pauses or breakers of webhook endpoints'],
  email: ['e-mail', 'e-mails'],
  digest: ['daily digest', 'daily digests'],
} as const satisfies Record<string, readonly [string, string, string?]>;
export type CorrectedTime = keyof typeof WORDS;

/** Reports stored times that lay so far in the future that a clock was ahead, and that now count as now. */
@Injectable()
export class ClockCorrections {
  private readonly logger = new Logger('Clock');

  constructor(private readonly metrics: Metrics) {}

  /** Callers store the corrected times first, so that each is reported once. */
  report(kind: CorrectedTime, count: number): void {
    if (count === 0) return;
    this.metrics.clockCorrected(kind, count);
    const [one, several, effect = COUNTS_AS_NOW]: readonly [string, string, string?] = WORDS[kind];
    this.logger.warn(
      `${counted(count, one, several)} had a time too far in the future, because a clock was ahead; ${effect}`,
    );
  }
}
