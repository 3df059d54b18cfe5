import type { IncomingHttpHeaders } from 'node:http';

export type SpanAttributes = Readonly<Record<string, string | number | boolean>>;

export interface SpanOptions {
  /** `client` for a call to another system; `internal` if left out. */
  kind?: 'internal' | 'client';
  attributes?: SpanAttributes;
}

/** A span while its work runs. */
export interface Span {
  set(attributes: SpanAttributes): void;
  /**
   * Marks the span as failed without an exception. The message goes to the trace collector: it must not contain
   * secrets.
   */
  fail(message: string): void;
}

/** The span of a request in progress. */
export interface RequestSpan {
  /** Runs work of the request, so that spans started in it become children of this one. */
  enter<T>(work: () => T): T;
  end(statusCode: number): void;
}

/** Records how long pieces of work take, one span for each. A span started within another becomes its child. */
export abstract class Tracing {
  /** Runs `work` in a span that ends with it. An exception marks the span as failed and is passed on. */
  abstract span<T>(name: string, options: SpanOptions, work: (span: Span) => Promise<T>): Promise<T>;

  /** Starts the span of a request, as a child of its `traceparent` header (W3C Trace Context) if it has one. */
  abstract request(name: string, headers: IncomingHttpHeaders, attributes: SpanAttributes): RequestSpan | undefined;
}

const NO_SPAN: Span = { set: () => {}, fail: () => {} };

export class NoTracing extends Tracing {
  span<T>(_name: string, _options: SpanOptions, work: (span: Span) => Promise<T>): Promise<T> {
    return work(NO_SPAN);
  }

  request(): undefined {
    return undefined;
  }
}
