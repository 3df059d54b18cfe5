interface Lane<T> {
  /** A read that has not begun: whoever asks may still join. */
  joinable: Promise<T> | undefined;
  /** Settles when the read that has begun is over. */
  underWay: Promise<unknown>;
}

/**
 * Lets callers who want the same share one read. Whoever asks while a read is under way waits for the one after it, so that every answer was read after it was
 * asked for: sharing makes no answer older than a read of one's own. However many ask at once, two reads at most are made for them, one after the other.
 */
export class SharedReads<T> {
  private readonly lanes = new Map<string, Lane<T>>();

  /**
   * @param key tells all that the answer depends on, the organisation included: callers with equal keys get the same answer.
   * @param read must not depend on anything else of the caller. Its failure is that of all who share it.
   */
  read(key: string, read: () => Promise<T>): Promise<T> {
    const lane = this.lanes.get(key) ?? { joinable: undefined, underWay: Promise.resolve() };
    this.lanes.set(key, lane);
    lane.joinable ??= this.begin(key, lane, read);
    return lane.joinable;
  }

  private async begin(key: string, lane: Lane<T>, read: () => Promise<T>): Promise<T> {
    await lane.underWay;
    // Requests that came in together are all parsed before this, and join.
    await new Promise<void>((resolve) => setImmediate(resolve));
    lane.joinable = undefined;
    const result = read();
    const over = (): void => {
      if (!lane.joinable && this.lanes.get(key) === lane) this.lanes.delete(key);
    };
    lane.underWay = result.then(over, over);
    return result;
  }
}
