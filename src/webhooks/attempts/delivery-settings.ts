/** How deliveries are sent. The defaults are what a deployment runs with; tests shorten some. */
export class DeliverySettings {
  /** Name, TCP and TLS together. */
  connectTimeoutMs = 5_000;

  /** From the first byte out to the last byte in. */
  exchangeTimeoutMs = 15_000;

  /** How long a claimed row is this worker's own. */
  leaseMs = 60_000;

  /** How often due rows are looked for when nothing wakes the worker. */
  pollIntervalMs = 1_000;

  /** How many rows one claim takes at most. */
  claimBatch = 500;

  /** Of an endpoint that has more claimed rows than this waiting here no more are claimed: enough to keep it busy until the next claim comes in. */
  waitingPerEndpoint = 100;

  /**
   * How many claimed rows this worker keeps at most, running or waiting. More than a batch and what waits for each of the endpoints that can run at once, so that
   * endpoints which hang run out of exchanges before their waiting rows fill the memory meant for others.
   */
  maxHeld = 8_000;

  /** How many exchanges run at once, in all and to one endpoint: one that is slow must not take all the room. */
  concurrency = 50;
  concurrencyPerEndpoint = 4;

  /** How long the deliveries of a disabled endpoint are put off each time they come due. */
  holdMs = 60_000;

  /** How long a stopping worker waits for the exchanges that run. */
  stopTimeoutMs = 10_000;

  /** How long the test of an endpoint waits for its outcome: one whole exchange, and a poll by another replica. */
  pingWaitMs = 17_000;

  static with(changes: Partial<DeliverySettings> = {}): DeliverySettings {
    return Object.assign(new DeliverySettings(), changes);
  }
}
