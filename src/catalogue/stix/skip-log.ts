import type { SkippedObjects } from './catalogue-slice.js';

const MAX_EXAMPLES = 5;
const MAX_EXAMPLE_LENGTH = 100;

/** Counts the objects that were left out, by reason, and keeps a few examples of each. */
export class SkipLog {
  private readonly byReason = new Map<string, SkippedObjects>();

  add(reason: string, example: string): void {
    const entry = this.byReason.get(reason) ?? { reason, count: 0, examples: [] };
    entry.count += 1;
    if (entry.examples.length < MAX_EXAMPLES) entry.examples.push(example.slice(0, MAX_EXAMPLE_LENGTH));
    this.byReason.set(reason, entry);
  }

  entries(): SkippedObjects[] {
    return [...this.byReason.values()].sort((a, b) => b.count - a.count || (a.reason < b.reason ? -1 : 1));
  }
}
