/** How e-mail is sent. The defaults are what a deployment runs with; tests shorten some. */
export class EmailSettings {
  /** How often due messages and digests are looked for when nothing wakes the worker. */
  pollIntervalMs = 5_000;

  /** How many messages one claim takes at most; they are sent at once. */
  concurrency = 5;

  /** How long one message may take, from connecting to the server's last answer. */
  sendTimeoutMs = 30_000;

  /** How long a claimed message is this worker's own: longer than sending it may take, and writing down what came of it. */
  leaseMs = 60_000;

  /** How many people's digests one transaction makes at most. */
  digestBatch = 200;

  static with(changes: Partial<EmailSettings> = {}): EmailSettings {
    return Object.assign(new EmailSettings(), changes);
  }
}
