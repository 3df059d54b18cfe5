import type { IncomingHttpHeaders } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { Logger, type OnApplicationShutdown } from '@nestjs/common';
import {
  defaultTextMapGetter,
  ROOT_CONTEXT,
  SpanKind,
  SpanStatusCode,
  trace,
  type Span as OtelSpan,
  type Tracer,
} from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { ExportResultCode, W3CTraceContextPropagator } from '@opentelemetry/core';
import { OTLPTraceExporter as JsonExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { OTLPTraceExporter as ProtobufExporter } from '@opentelemetry/exporter-trace-otlp-proto';
import { defaultResource, detectResources, envDetector, resourceFromAttributes } from '@opentelemetry/resources';
import { BasicTracerProvider, BatchSpanProcessor, type SpanExporter } from '@opentelemetry/sdk-trace-base';
import { Tracing, type RequestSpan, type Span, type SpanAttributes, type SpanOptions } from './tracing.js';

/** How long a stop waits for unsent spans. */
const STOP_TIMEOUT_MS = 5_000;

export type OtlpProtocol = 'http/protobuf' | 'http/json';

const KINDS = { internal: SpanKind.INTERNAL, client: SpanKind.CLIENT };

/**
 * Traces with OpenTelemetry. Spans are started by hand: automatic instrumentation of ES modules needs its own loader.
 * The OpenTelemetry packages read their own environment variables (exporter, sampler, batches, service name).
 */
export class OtelTracing extends Tracing implements OnApplicationShutdown {
  private readonly contexts = new AsyncLocalStorageContextManager().enable();
  private readonly propagator = new W3CTraceContextPropagator();
  private readonly provider: BasicTracerProvider;
  private readonly tracer: Tracer;

  constructor(protocol: OtlpProtocol) {
    super();
    const exporter = protocol === 'http/json' ? new JsonExporter() : new ProtobufExporter();
    this.provider = new BasicTracerProvider({
      resource: defaultResource()
        .merge(resourceFromAttributes({ 'service.name': 'vedette' }))
        .merge(detectResources({ detectors: [envDetector] })),
      spanProcessors: [new BatchSpanProcessor(withFailureLog(exporter))],
    });
    this.tracer = this.provider.getTracer('vedette');
  }

  async span<T>(name: string, options: SpanOptions, work: (span: Span) => Promise<T>): Promise<T> {
    const { kind = 'internal', attributes } = options;
    const span = this.tracer.startSpan(name, { kind: KINDS[kind], attributes }, this.contexts.active());
    try {
      return await this.enter(span, () => work(facadeOf(span)));
    } catch (error) {
      span.setStatus({ code: SpanStatusCode.ERROR, message: (error as Error).name });
      throw error;
    } finally {
      span.end();
    }
  }

  request(name: string, headers: IncomingHttpHeaders, attributes: SpanAttributes): RequestSpan {
    const parent = this.propagator.extract(ROOT_CONTEXT, headers, defaultTextMapGetter);
    const span = this.tracer.startSpan(name, { kind: SpanKind.SERVER, attributes }, parent);
    return {
      enter: (work) => this.enter(span, work),
      end: (statusCode) => {
        span.setAttribute('http.response.status_code', statusCode);
        if (statusCode >= 500) span.setStatus({ code: SpanStatusCode.ERROR });
        span.end();
      },
    };
  }

  async onApplicationShutdown(): Promise<void> {
    const given = new AbortController();
    await Promise.race([
      this.provider.shutdown().catch(() => undefined),
      sleep(STOP_TIMEOUT_MS, undefined, { signal: given.signal, ref: false }).catch(() => undefined),
    ]);
    given.abort();
  }

  private enter<T>(span: OtelSpan, work: () => T): T {
    return this.contexts.with(trace.setSpan(this.contexts.active(), span), work);
  }
}

function facadeOf(span: OtelSpan): Span {
  return {
    set: (attributes) => void span.setAttributes(attributes),
    fail: (message) => void span.setStatus({ code: SpanStatusCode.ERROR, message }),
  };
}

/** OpenTelemetry does not report failed exports. This logs the first failure and the recovery. */
function withFailureLog(exporter: SpanExporter): SpanExporter {
  const logger = new Logger('Tracing');
  let isFailing = false;
  return {
    export: (spans, done) =>
      exporter.export(spans, (result) => {
        const failed = result.code !== ExportResultCode.SUCCESS;
        if (failed && !isFailing) {
          logger.warn(`Traces cannot be sent: ${result.error?.message ?? 'no reason was given'}`);
        }
        if (!failed && isFailing) logger.log('Traces are sent again');
        isFailing = failed;
        done(result);
      }),
    shutdown: () => exporter.shutdown(),
    forceFlush: () => exporter.forceFlush?.() ?? Promise.resolve(),
  };
}
