/** The properties of a delivery that {@link DeliveryLanes} uses. */
export interface LaneItem {
  endpointId: string;
  eventType: string;
}

interface Lane<T> {
  endpointId: string;
  waiting: T[];
  running: number;
}

/**
 * Claimed deliveries, one lane per endpoint. Each lane may only run a few at once, so that a slow endpoint delays its
 * own deliveries and no others.
 */
export class DeliveryLanes<T extends LaneItem> {
  private readonly lanes = new Map<string, Lane<T>>();
  /** All lanes in the order of their turns. `turn` is the index of the next one, or the length of the list. */
  private readonly turns: Lane<T>[] = [];
  private turn = 0;
  private running = 0;

  constructor(
    private readonly concurrency: number,
    private readonly concurrencyPerLane: number,
    /** A lane with more waiting items than this is congested. */
    private readonly waitingPerLane: number,
    /** Events of this type go first, because a person waits for them at the screen. */
    private readonly urgentEvent: string,
  ) {}

  add(items: readonly T[]): void {
    for (const item of items) {
      const lane = this.lanes.get(item.endpointId) ?? this.open(item.endpointId);
      if (item.eventType === this.urgentEvent) lane.waiting.unshift(item);
      else lane.waiting.push(item);
    }
  }

  /** The next item that may run. It counts as running until {@link done}. Lanes take turns. */
  next(): T | undefined {
    if (this.running >= this.concurrency) return undefined;
    for (let looked = 0; looked < this.turns.length; looked++) {
      const lane = this.turns[this.turn % this.turns.length]!;
      this.turn = (this.turn % this.turns.length) + 1;
      if (lane.running >= this.concurrencyPerLane) continue;
      const item = lane.waiting.shift();
      if (!item) continue;
      lane.running += 1;
      this.running += 1;
      return item;
    }
    return undefined;
  }

  done({ endpointId }: T): void {
    const lane = this.lanes.get(endpointId);
    if (!lane) return;
    lane.running -= 1;
    this.running -= 1;
    this.closeIfEmpty(lane);
  }

  /** Endpoints with enough waiting deliveries here. Claiming more for them would be useless. */
  congested(): string[] {
    return [...this.lanes]
      .filter(([, { waiting }]) => waiting.length > this.waitingPerLane)
      .map(([endpointId]) => endpointId);
  }

  /**
   * Whether an endpoint has few enough waiting deliveries to claim more. The limit is above zero, and far below the
   * congestion limit so that one claim refills several lanes.
   */
  isRunningLow(endpointId: string): boolean {
    return (this.lanes.get(endpointId)?.waiting.length ?? 0) <= this.waitingPerLane / 3;
  }

  isIdle(): boolean {
    return this.running === 0;
  }

  /** Removes and returns the waiting items of one endpoint. */
  takeWaitingFor(endpointId: string): T[] {
    const lane = this.lanes.get(endpointId);
    if (!lane) return [];
    const taken = lane.waiting.splice(0);
    this.closeIfEmpty(lane);
    return taken;
  }

  /** Removes and returns all waiting items. */
  takeWaiting(): T[] {
    const taken: T[] = [];
    for (const lane of [...this.turns]) {
      taken.push(...lane.waiting.splice(0));
      this.closeIfEmpty(lane);
    }
    return taken;
  }

  /** A new lane has the last turn. */
  private open(endpointId: string): Lane<T> {
    const lane: Lane<T> = { endpointId, waiting: [], running: 0 };
    this.lanes.set(endpointId, lane);
    this.turns.splice(this.turn, 0, lane);
    this.turn += 1;
    return lane;
  }

  private closeIfEmpty(lane: Lane<T>): void {
    if (lane.running > 0 || lane.waiting.length > 0) return;
    this.lanes.delete(lane.endpointId);
    const place = this.turns.indexOf(lane);
    this.turns.splice(place, 1);
    if (place < this.turn) this.turn -= 1;
  }
}
