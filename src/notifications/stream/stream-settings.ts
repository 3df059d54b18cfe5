/** How notifications are streamed. The defaults are what a deployment runs with; tests shorten some. */
export class StreamSettings {
  /** How often what other processes committed is looked for. */
  pollIntervalMs = 1_000;

  /** How often those who have lost access are looked for, and everybody else gets a sign of life. */
  accessIntervalMs = 3_000;
  heartbeatIntervalMs = 15_000;

  /** How many notices one look reads at most. */
  pageSize = 500;

  /** A reader that missed more than this is told to read the list anew. */
  maxReplayed = 1_000;

  /** How many streams one member may have open in one process, and how many it has in all. */
  maxPerMember = 10;
  maxConnections = 5_000;

  static with(changes: Partial<StreamSettings> = {}): StreamSettings {
    return Object.assign(new StreamSettings(), changes);
  }
}
