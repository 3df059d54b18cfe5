import type { IncomingHttpHeaders } from 'node:http';

export type SpanAttributes = Readonly<Record<string, string | number | boolean>>;

export interface SpanOptions {
  /** `client` for a call to somebody else; `internal` when left out. */
  kind?: 'internal' | 'client';
  attributes?: SpanAttributes;
}

/** A span while its work runs. */
export interface Span {
  set(attributes: SpanAttributes): void;
  /** Marks what the span stands for as failed, where nothing is thrown. The words go to whoever collects traces: no secrets. */
  fail(message: string): void;
}

/** The span of a request that is being answered. */
export interface RequestSpan {
  /** Runs what belongs to the request, so that spans that begin in it become its children. */
  enter<T>(work: () => T): T;
  end(statusCode: number): void;
}

/** Says what takes how long, one span a piece of work. Spans nest by where they are begun. */
export abstract class Tracing {
  /** Runs `work` in a span that ends when it does; what it throws marks the span as failed and goes on. */
  abstract span<T>(name: string, options: SpanOptions, work: (span: Span) => Promise<T>): Promise<T>;

  /** Begins the span of a request, as a child of the `traceparent` (W3C Trace Context) that came with it, if one did. */
  abstract request(name: string, headers: IncomingHttpHeaders, attributes: SpanAttributes): RequestSpan | undefined;
}

const NO_SPAN: Span = { set: () => {}, fail: () => {} };

/** Traces nothing, and costs nothing. */
export class NoTracing extends Tracing {
  span<T>(_name: string, _options: SpanOptions, work: (span: Span) => Promise<T>): Promise<T> {
    return work(NO_SPAN);
  }

  request(): undefined {
    return undefined;
  }
}
