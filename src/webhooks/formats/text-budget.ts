import { CHARACTERS, ELLIPSIS, fitText, isBlank, type TextMeasure } from './plain-text.js';

/** Shares out what a receiver takes in all among the texts of one message, first come first served. */
export class TextBudget {
  constructor(
    private remaining: number,
    readonly measure: TextMeasure = CHARACTERS,
  ) {}

  /** The text within its own limit and what remains. @returns null where nothing of it can be shown. */
  take(text: string, limit: number): string | null {
    const fitted = fitText(text, Math.min(limit, this.remaining), this.measure);
    if (isBlank(fitted) || fitted === ELLIPSIS) return null;
    // It is written as the receiver wants it already: what it takes is what its characters take.
    for (const character of fitted) this.spend(this.measure.sizeOf(character));
    return fitted;
  }

  /** For what is not text: marks, names of fields, punctuation. */
  spend(size: number): void {
    this.remaining -= size;
  }

  has(size: number): boolean {
    return this.remaining >= size;
  }
}

/** What is said where facts found no room. */
export function leftOut(count: number): string {
  return `${ELLIPSIS} ${count} more left out`;
}
