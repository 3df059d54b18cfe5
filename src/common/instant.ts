import { ValidateBy, type ValidationOptions } from 'class-validator';
import { DATE_WORDS, isCalendarDate, parseInstant } from './instant-text.js';

// Separate from the validators below, so that worker threads which only parse text start in half the time.
export * from './instant-text.js';

/** Validates that {@link parseInstant} accepts the property. */
export function IsInstant(options: ValidationOptions): PropertyDecorator {
  return ValidateBy(
    { name: 'isInstant', validator: { validate: (value) => parseInstant(value) !== undefined } },
    options,
  );
}

/** Validates that {@link isCalendarDate} accepts the property. */
export function IsCalendarDate(): PropertyDecorator {
  return ValidateBy({ name: 'isCalendarDate', validator: { validate: isCalendarDate } }, { message: DATE_WORDS });
}
