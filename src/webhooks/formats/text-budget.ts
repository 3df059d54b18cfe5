import { CHARACTERS, ELLIPSIS, fitText, isBlank, type TextMeasure } from './plain-text.js';

/** Divides the total limit of a receiver among the texts of one message, first come first served. */
export class TextBudget {
  constructor(
    private remaining: number,
    readonly measure: TextMeasure = CHARACTERS,
  ) {}

  /**
   * The text, cut to its own limit and to the remaining total.
   * @returns null if nothing of it can be shown.
   */
  take(text: string, limit: number): string | null {
    const fitted = fitText(text, Math.min(limit, this.remaining), this.measure);
    if (isBlank(fitted) || fitted === ELLIPSIS) return null;
    // The text is already escaped, so its characters are measured one by one.
    for (const character of fitted) this.spend(this.measure.sizeOf(character));
    return fitted;
  }

  /** For marks, names of fields and punctuation. */
  spend(size: number): void {
    this.remaining -= size;
  }

  has(size: number): boolean {
    return this.remaining >= size;
  }
}

/** The note about omitted facts. */
export function omittedNote(count: number): string {
  return `${ELLIPSIS} ${count} more left out`;
}
