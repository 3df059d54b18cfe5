import type { Dispatcher } from 'undici';
import { TurnEnd } from '../../common/turn-end.js';
import type { RunningExchange } from './running-exchanges.js';

/** How much of an answer is stored. */
export const MAX_RESPONSE_BYTES = 16 * 1024;

const NO_BYTES = Buffer.alloc(0);

/** Shared by all exchanges: resolves their answers together at the end of the turn. */
const turnEnd = new TurnEnd();

/** A POST request. */
export interface OutgoingRequest {
  origin: string;
  /** Path and query. */
  path: string;
  headers: Readonly<Record<string, string>>;
  body: Buffer;
}

/** An answer, with its body cut after {@link MAX_RESPONSE_BYTES}. */
export interface BoundedAnswer {
  statusCode: number;
  headers: Readonly<Record<string, string | string[] | undefined>>;
  body: Buffer;
}

/**
 * One request, and the undici handler of its answer. It uses no stream, because a stream costs as much as the exchange
 * itself. A longer answer than {@link MAX_RESPONSE_BYTES} closes the connection. Settles only once.
 */
export class WebhookExchange implements Dispatcher.DispatchHandler, RunningExchange {
  index = 0;
  endsBefore = 0;
  readonly answer: Promise<BoundedAnswer>;
  private resolve!: (answer: BoundedAnswer) => void;
  private reject!: (reason: Error) => void;
  private controller: Dispatcher.DispatchController | undefined;
  private abortedBy: Error | undefined;
  /** Whether the answer is complete. The promise resolves at the end of the turn. */
  private isAnswered = false;
  private statusCode = 0;
  private headers: BoundedAnswer['headers'] = {};
  private readonly chunks: Buffer[] = [];
  private size = 0;

  constructor(readonly request: OutgoingRequest) {
    this.answer = new Promise((resolve, reject) => {
      this.resolve = resolve;
      this.reject = reject;
    });
  }

  /** Ends the exchange in any state, also while it waits for a connection. Does nothing after the answer. */
  abort(reason: Error): void {
    if (this.isAnswered) return;
    this.abortedBy = reason;
    this.reject(reason);
    this.controller?.abort(reason);
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.controller = controller;
    if (this.abortedBy) controller.abort(this.abortedBy);
  }

  /** Also called for 1xx answers before the final one. */
  onResponseStart(_: unknown, statusCode: number, headers: BoundedAnswer['headers']): void {
    this.statusCode = statusCode;
    this.headers = headers;
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    this.chunks.push(chunk.subarray(0, Math.max(0, MAX_RESPONSE_BYTES - this.size)));
    this.size += chunk.length;
    if (this.size <= MAX_RESPONSE_BYTES) return;
    this.settle();
    controller.abort(new Error('the answer is too long'));
  }

  onResponseEnd(): void {
    this.settle();
  }

  onResponseError(_: unknown, error: Error): void {
    if (!this.isAnswered) this.reject(error);
  }

  private settle(): void {
    if (this.isAnswered) return;
    this.isAnswered = true;
    const { statusCode, headers, chunks } = this;
    turnEnd.add(() =>
      this.resolve({ statusCode, headers, body: chunks.length === 0 ? NO_BYTES : Buffer.concat(chunks) }),
    );
  }
}
