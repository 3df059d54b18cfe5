interface Lane<T> {
  /** The next read, which has not begun. New callers can still join it. */
  next: Promise<T> | undefined;
  /** Settles when the current read is over. */
  current: Promise<unknown>;
}

/**
 * Lets callers with the same question share one read. A caller during a read waits for the next one, so that every
 * answer was read after its request. Any number of concurrent callers cause at most two reads, one after the other.
 */
export class SharedReads<T> {
  private readonly lanes = new Map<string, Lane<T>>();

  /**
   * @param key must contain everything that the answer depends on, including the organisation.
   * @param read must not depend on anything else of the caller. If it fails, it fails for all callers who share it.
   */
  read(key: string, read: () => Promise<T>): Promise<T> {
    const lane = this.lanes.get(key) ?? { next: undefined, current: Promise.resolve() };
    this.lanes.set(key, lane);
    lane.next ??= this.begin(key, lane, read);
    return lane.next;
  }

  private async begin(key: string, lane: Lane<T>, read: () => Promise<T>): Promise<T> {
    await lane.current;
    // Lets all requests that arrived together join.
    await new Promise<void>((resolve) => setImmediate(resolve));
    lane.next = undefined;
    const result = read();
    const over = (): void => {
      if (!lane.next && this.lanes.get(key) === lane) this.lanes.delete(key);
    };
    lane.current = result.then(over, over);
    return result;
  }
}
