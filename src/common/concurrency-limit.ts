import { DomainError } from './errors/index.js';

/** Limits how many expensive operations run at once, and rejects more, so that other requests have room. */
export class ConcurrencyLimit {
  private running = 0;

  /** @param what the operations in the plural, such as `backtests`, for the error message. */
  constructor(
    private readonly max: number,
    private readonly what: string,
  ) {}

  /** @throws DomainError `unavailable` if the limit is reached. */
  async run<T>(work: () => Promise<T>): Promise<T> {
    if (this.running >= this.max) {
      throw new DomainError(
        'unavailable',
        `${this.running} ${this.what} are already running, which is the limit: send the request again in a moment`,
      );
    }
    this.running += 1;
    try {
      return await work();
    } finally {
      this.running -= 1;
    }
  }
}
