import { DomainError } from './errors/index.js';

/** Lets so many at once do something that costs much, and sends others away, so that it leaves room for everything else. */
export class ConcurrencyLimit {
  private running = 0;

  /** @param what in the plural, such as `backtests`, for the words of the refusal. */
  constructor(
    private readonly max: number,
    private readonly what: string,
  ) {}

  /** @throws DomainError `unavailable` when as many as may are at it. */
  async run<T>(work: () => Promise<T>): Promise<T> {
    if (this.running >= this.max)
      throw new DomainError(
        'unavailable',
        `${this.running} ${this.what} are under way, and no more are run at once: send the request again in a moment`,
      );
    this.running += 1;
    try {
      return await work();
    } finally {
      this.running -= 1;
    }
  }
}
