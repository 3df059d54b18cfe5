/** How e-mail is sent. The defaults are what a deployment runs with; tests shorten some. */
export class EmailSettings {
  /** How often due messages and digests are looked for when nothing wakes the worker. */
  pollIntervalMs = 5_000;

  /** How many messages one claim takes at most, and how many of them are sent at once. */
  claimBatch = 20;
  concurrency = 5;

  /** How long one message may take, from connecting to the server's last answer. */
  sendTimeoutMs = 30_000;

  /** How long a claimed message is this worker's own: enough for a whole batch that uses its full time. */
  leaseMs = 5 * 60_000;

  /** How many people's digests one transaction makes at most. */
  digestBatch = 200;

  static with(changes: Partial<EmailSettings> = {}): EmailSettings {
    return Object.assign(new EmailSettings(), changes);
  }
}
