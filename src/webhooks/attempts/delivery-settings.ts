/** Limits of delivery. The defaults are for deployments; tests shorten some. */
export class DeliverySettings {
  /** DNS, TCP and TLS together. */
  connectTimeoutMs = 5_000;

  /** From the first byte sent to the last byte received. */
  exchangeTimeoutMs = 15_000;

  /** How long a claimed row belongs to this worker. */
  leaseMs = 60_000;

  /** How often the worker looks for due rows if nothing wakes it. */
  pollIntervalMs = 1_000;

  /** The maximum number of rows in one claim. */
  claimBatch = 500;

  /**
   * Claims skip an endpoint with more waiting rows than this. It is enough to keep the endpoint busy until the next
   * claim.
   */
  waitingPerEndpoint = 100;

  /**
   * The maximum number of rows that this worker has claimed and not finished. It exceeds one batch plus the waiting
   * rows of all endpoints that can run at once, so that endpoints that hang cannot use up the memory for others.
   */
  maxClaimed = 8_000;

  /** The maximum number of concurrent exchanges, in total and per endpoint, so that a slow endpoint leaves room. */
  concurrency = 50;
  concurrencyPerEndpoint = 4;

  /** How long each due delivery of a disabled endpoint is postponed. */
  holdMs = 60_000;

  /** How long a stopping worker waits for running exchanges. */
  stopTimeoutMs = 10_000;

  /** How long a test of an endpoint waits for its outcome: one full exchange, plus a poll by another replica. */
  pingWaitMs = 17_000;

  static with(changes: Partial<DeliverySettings> = {}): DeliverySettings {
    return Object.assign(new DeliverySettings(), changes);
  }
}
