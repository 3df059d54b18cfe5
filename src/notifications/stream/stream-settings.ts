/** How notifications are streamed. Deployments use the defaults; tests shorten some. */
export class StreamSettings {
  /** How often to read what other processes committed. */
  pollIntervalMs = 1_000;

  /** How often to check that readers still have access, and how often to send a sign of life. */
  accessIntervalMs = 3_000;
  heartbeatIntervalMs = 15_000;

  /** The most notices that one statement reads. */
  pageSize = 500;

  /** A reader that missed more notifications gets the event `reset`, and reads the list again. */
  maxReplayed = 1_000;

  /** The most streams of one member in one process, and the most streams of one process. */
  maxPerMember = 10;
  maxConnections = 5_000;

  static with(changes: Partial<StreamSettings> = {}): StreamSettings {
    return Object.assign(new StreamSettings(), changes);
  }
}
