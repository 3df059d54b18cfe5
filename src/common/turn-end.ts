/**
 * Keeps what comes up during a turn of the event loop for the end of it. What follows from each piece then runs step by step for all of them, which finds each step's code and data in
 * the processor's caches; run one by one, between system calls, it finds them cold.
 */
export class TurnEnd {
  private kept: (() => void)[] = [];

  /** Runs `work` when everything that has arrived in this turn has been read. */
  add(work: () => void): void {
    if (this.kept.push(work) === 1) setImmediate(() => this.run());
  }

  private run(): void {
    const kept = this.kept;
    this.kept = [];
    for (const work of kept) work();
  }
}
