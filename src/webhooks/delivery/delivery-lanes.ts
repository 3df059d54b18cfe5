/** What {@link DeliveryLanes} needs to know of a delivery. */
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
 * Claimed deliveries on their way out, one lane an endpoint. Only what runs takes up room, and a lane has only so much of it, so that an endpoint that is slow
 * keeps its own deliveries waiting and nobody else's.
 */
export class DeliveryLanes<T extends LaneItem> {
  private readonly lanes = new Map<string, Lane<T>>();
  /** All lanes, and whose turn it is: a place in it, or the place after the last. */
  private readonly turns: Lane<T>[] = [];
  private turn = 0;
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
      const lane = this.lanes.get(item.endpointId) ?? this.open(item.endpointId);
      if (item.eventType === this.urgentEvent) lane.waiting.unshift(item);
      else lane.waiting.push(item);
    }
  }

  /** The next item that may run, now counted as running until {@link done}; lanes take turns. */
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
    this.closeIfEmpty(lane);
    return taken;
  }

  /** Removes everything that waits. */
  takeWaiting(): T[] {
    const taken: T[] = [];
    for (const lane of [...this.turns]) {
      taken.push(...lane.waiting.splice(0));
      this.closeIfEmpty(lane);
    }
    return taken;
  }

  /** Its turn comes last. */
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
