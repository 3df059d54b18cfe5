import { invalidInput, type FieldError } from '../../common/errors/index.js';

/** How many errors a response lists. */
const MAX_LISTED_ERRORS = 100;

/**
 * Collects the errors of a long list of items. It keeps the first ones and counts the rest, so a list full of errors
 * costs no more than a valid one.
 */
export class FieldErrors {
  private readonly listed: FieldError[] = [];
  private count = 0;

  add(field: string, message: string): void {
    this.count += 1;
    if (this.listed.length < MAX_LISTED_ERRORS) this.listed.push({ field, message });
  }

  /** @throws DomainError `invalid_input` if there are errors. */
  throwIfAny(): void {
    if (this.count <= MAX_LISTED_ERRORS) {
      if (this.count > 0) throw invalidInput(this.listed);
      return;
    }
    const { field, message } = this.listed[0]!;
    throw invalidInput(
      this.listed,
      `${field} ${message} (and ${this.count - 1} more; the first ${MAX_LISTED_ERRORS} are listed)`,
    );
  }
}
