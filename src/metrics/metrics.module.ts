import { Global, Module } from '@nestjs/common';
import { ClockCorrections } from './clock-corrections.js';
import { MetricsAccessGuard } from './metrics-access.guard.js';
import { MetricsController } from './metrics.controller.js';
import { Metrics } from './metrics.js';
import { MetricsService } from './metrics.service.js';
import { SharedReadingsReader } from './shared-readings.reader.js';

/** Provides {@link Metrics} and {@link ClockCorrections} to all modules, and `GET /metrics`. */
@Global()
@Module({
  controllers: [MetricsController],
  providers: [Metrics, ClockCorrections, MetricsAccessGuard, MetricsService, SharedReadingsReader],
  exports: [Metrics, ClockCorrections],
})
export class MetricsModule {}
