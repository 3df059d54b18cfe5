/** What {@link DeliveryLanes} needs to know of a delivery. */
export interface LaneItem {
  endpointId: string;
  eventType: string;
}

interface Lane<T> {
  waiting: T[];
  running: number;
}

/**
 * Claimed deliveries on their way out, one lane an endpoint. Only what runs takes up room, and a lane has only so much of it, so that an endpoint that is slow
 * keeps its own deliveries waiting and nobody else's.
 */
export class DeliveryLanes<T extends LaneItem> {
  private readonly lanes = new Map<string, Lane<T>>();
  private running = 0;

  constructor(
    private readonly concurrency: number,
    private readonly concurrencyPerLane: number,
    /** How many wait in a lane before it takes no more. */
    private readonly waitingPerLane: number,
    /** Somebody is waiting in front of the screen for events of this type: they go first. */
    private readonly urgentEvent: string,
  ) {}

  add(items: readonly T[]): void {
    for (const item of items) {
      const lane = this.lanes.get(item.endpointId) ?? { waiting: [], running: 0 };
      this.lanes.set(item.endpointId, lane);
      if (item.eventType === this.urgentEvent) lane.waiting.unshift(item);
      else lane.waiting.push(item);
    }
  }

  /** The next item that may run, now counted as running until {@link done}; lanes take turns. */
  next(): T | undefined {
    if (this.running >= this.concurrency) return undefined;
    for (const [endpointId, lane] of this.lanes) {
      if (lane.running >= this.concurrencyPerLane) continue;
      const item = lane.waiting.shift();
      if (!item) continue;
      lane.running += 1;
      this.running += 1;
      // To the end of the map's order: the others come first next time.
      this.lanes.delete(endpointId);
      this.lanes.set(endpointId, lane);
      return item;
    }
    return undefined;
  }

  done({ endpointId }: T): void {
    const lane = this.lanes.get(endpointId);
    if (!lane) return;
    lane.running -= 1;
    this.running -= 1;
    if (lane.running === 0 && lane.waiting.length === 0) this.lanes.delete(endpointId);
  }

  /** Endpoints that have enough deliveries waiting here: more of theirs would only wait longer. */
  congested(): string[] {
    return [...this.lanes]
      .filter(([, { waiting }]) => waiting.length > this.waitingPerLane)
      .map(([endpointId]) => endpointId);
  }

  /** Whether so few of an endpoint wait that it is time for more: well before there are none, and well after it was congested, so that those that drain together are refilled together. */
  wantsMore(endpointId: string): boolean {
    return (this.lanes.get(endpointId)?.waiting.length ?? 0) <= this.waitingPerLane / 3;
  }

  /** Whether nothing runs. */
  isIdle(): boolean {
    return this.running === 0;
  }

  /** Removes what waits for one endpoint. */
  takeWaitingOf(endpointId: string): T[] {
    const lane = this.lanes.get(endpointId);
    if (!lane) return [];
    const taken = lane.waiting.splice(0);
    if (lane.running === 0) this.lanes.delete(endpointId);
    return taken;
  }

  /** Removes everything that waits. */
  takeWaiting(): T[] {
    const taken: T[] = [];
    for (const [endpointId, lane] of this.lanes) {
      taken.push(...lane.waiting.splice(0));
      if (lane.running === 0) this.lanes.delete(endpointId);
    }
    return taken;
  }
}
