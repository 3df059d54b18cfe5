/** How e-mail is sent. Deployments use the defaults; tests shorten some. */
export class EmailSettings {
  /** How often the worker looks for due messages and digests when nothing wakes it. */
  pollIntervalMs = 5_000;

  /** The most messages that one claim takes; they are sent in parallel. */
  concurrency = 5;

  /** The longest that one message may take, from connecting to the server's last answer. */
  sendTimeoutMs = 30_000;

  /** How long a worker owns a claimed message: longer than sending it and recording the result may take. */
  leaseMs = 60_000;

  /** The most people whose digests one transaction makes. */
  digestBatch = 200;

  static with(changes: Partial<EmailSettings> = {}): EmailSettings {
    return Object.assign(new EmailSettings(), changes);
  }
}
