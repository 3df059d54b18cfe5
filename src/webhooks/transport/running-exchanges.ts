/** The properties that {@link RunningExchanges} needs. */
export interface RunningExchange {
  /** The index in the list. */
  index: number;
  /** The time limit, on the monotonic clock. */
  endsBefore: number;
  abort(reason: Error): void;
}

/**
 * The running exchanges. Each has the same time limit, and all share one timer for the earliest limit.
 *
 * This is an array with indexes and not a `Set`, because V8 keeps reallocating a `Set` that changes thousands of times
 * a second, and its old tables stay in memory until a full garbage collection.
 */
export class RunningExchanges {
  private readonly list: RunningExchange[] = [];
  private timer: NodeJS.Timeout | undefined;

  /** @param timeoutError creates the reason for aborting an exchange that takes longer than `timeoutMs`. */
  constructor(
    private readonly timeoutMs: number,
    private readonly timeoutError: () => Error,
  ) {}

  add(exchange: RunningExchange): void {
    exchange.index = this.list.push(exchange) - 1;
    exchange.endsBefore = performance.now() + this.timeoutMs;
    this.timer ??= this.wait(this.timeoutMs);
  }

  /** @param exchange one that was added and not yet removed. */
  remove(exchange: RunningExchange): void {
    const last = this.list.pop()!;
    if (last === exchange) return;
    this.list[exchange.index] = last;
    last.index = exchange.index;
  }

  abortAll(reason: Error): void {
    for (const exchange of [...this.list]) exchange.abort(reason);
  }

  private abortLate(): void {
    const now = performance.now();
    for (const exchange of [...this.list]) if (exchange.endsBefore <= now) exchange.abort(this.timeoutError());
    const next = Math.min(...this.list.map(({ endsBefore }) => endsBefore).filter((endsBefore) => endsBefore > now));
    this.timer = next === Infinity ? undefined : this.wait(Math.ceil(next - now));
  }

  /** The timer does not keep the process alive; the connections of running exchanges do. */
  private wait(ms: number): NodeJS.Timeout {
    return setTimeout(() => this.abortLate(), ms).unref();
  }
}
