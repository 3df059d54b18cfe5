import { Global, Logger, Module } from '@nestjs/common';
import { Environment } from '../config/index.js';
import { NoTracing, Tracing } from './tracing.js';

/** OpenTelemetry is loaded only if the environment names an endpoint for traces. */
@Global()
@Module({
  providers: [{ provide: Tracing, inject: [Environment], useFactory: createTracing }],
  exports: [Tracing],
})
export class TracingModule {}

async function createTracing(environment: Environment): Promise<Tracing> {
  const endpoint = environment.OTEL_EXPORTER_OTLP_TRACES_ENDPOINT ?? environment.OTEL_EXPORTER_OTLP_ENDPOINT;
  if (endpoint === undefined || environment.OTEL_SDK_DISABLED) return new NoTracing();
  const protocol =
    environment.OTEL_EXPORTER_OTLP_TRACES_PROTOCOL ?? environment.OTEL_EXPORTER_OTLP_PROTOCOL ?? 'http/protobuf';
  if (protocol !== 'http/protobuf' && protocol !== 'http/json') {
    // An unsupported protocol must not prevent the start: platforms often set it for all their services.
    new Logger('Tracing').warn('No traces are sent: the OTLP protocol must be http/protobuf or http/json');
    return new NoTracing();
  }
  const { OtelTracing } = await import('./otel-tracing.js');
  return new OtelTracing(protocol);
}
