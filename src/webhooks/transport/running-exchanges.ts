/** What {@link RunningExchanges} keeps of each. */
export interface RunningExchange {
  /** Its own place in the list. */
  place: number;
  /** On the monotonic clock. */
  endsBefore: number;
  abort(reason: Error): void;
}

/**
 * The exchanges that are under way, each of which has so long and no longer. They share one timer, which is set for the first that could be late.
 *
 * A list in which each knows its place, where a `Set` would be simpler: V8 gives a set that changes thousands of times in a second a new table every so often, to which the old one still
 * points. As soon as one of these has grown old, all that follow are kept with whatever was in them, until the whole heap is collected.
 */
export class RunningExchanges {
  private readonly list: RunningExchange[] = [];
  private timer: NodeJS.Timeout | undefined;

  /** @param late what an exchange is aborted with that takes longer than `timeoutMs`. */
  constructor(
    private readonly timeoutMs: number,
    private readonly late: () => Error,
  ) {}

  add(exchange: RunningExchange): void {
    exchange.place = this.list.push(exchange) - 1;
    exchange.endsBefore = performance.now() + this.timeoutMs;
    this.timer ??= this.wait(this.timeoutMs);
  }

  /** @param exchange one that was added and not removed yet. */
  remove(exchange: RunningExchange): void {
    const last = this.list.pop()!;
    if (last === exchange) return;
    this.list[exchange.place] = last;
    last.place = exchange.place;
  }

  abortAll(reason: Error): void {
    for (const exchange of [...this.list]) exchange.abort(reason);
  }

  private endLate(): void {
    const now = performance.now();
    for (const exchange of [...this.list]) if (exchange.endsBefore <= now) exchange.abort(this.late());
    const next = Math.min(...this.list.map(({ endsBefore }) => endsBefore).filter((endsBefore) => endsBefore > now));
    this.timer = next === Infinity ? undefined : this.wait(Math.ceil(next - now));
  }

  /** Keeps no process alive: the connections of what is under way do. */
  private wait(ms: number): NodeJS.Timeout {
    return setTimeout(() => this.endLate(), ms).unref();
  }
}
