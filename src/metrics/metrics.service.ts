import { Injectable } from '@nestjs/common';
import { CronTime } from 'cron';
import { Clock } from '../common/clock.js';
import { Environment } from '../config/index.js';
import { Metrics } from './metrics.js';
import { SharedReadingsReader } from './shared-readings.reader.js';

@Injectable()
export class MetricsService {
  private readonly cron: CronTime;

  constructor(
    private readonly metrics: Metrics,
    private readonly reader: SharedReadingsReader,
    private readonly clock: Clock,
    environment: Environment,
  ) {
    this.cron = new CronTime(environment.VEDETTE_EVALUATION_CRON, 'UTC');
  }

  /** Answers even without a database: the counters of this process need none. */
  async scrape(): Promise<{ contentType: string; text: string }> {
    const { isUp, readings } = await this.reader.read();
    this.metrics.read(isUp, readings);
    this.metrics.schedule(this.evaluationIntervalSeconds());
    return this.metrics.expose();
  }

  private evaluationIntervalSeconds(): number {
    const next = this.cron.getNextDateFrom(this.clock.now(), 'UTC');
    return this.cron.getNextDateFrom(next.toJSDate(), 'UTC').diff(next).as('seconds');
  }
}
