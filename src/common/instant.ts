import { ValidateBy, type ValidationOptions } from 'class-validator';
import { DATE_WORDS, isCalendarDate, parseInstant } from './instant-text.js';

// What reads text needs no validators, and a worker thread that reads files starts in half the time without them.
export * from './instant-text.js';

/** Checks that a property is text that {@link parseInstant} reads. */
export function IsInstant(options: ValidationOptions): PropertyDecorator {
  return ValidateBy(
    { name: 'isInstant', validator: { validate: (value) => parseInstant(value) !== undefined } },
    options,
  );
}

/** Checks that a property is text that {@link isCalendarDate} accepts. */
export function IsCalendarDate(): PropertyDecorator {
  return ValidateBy({ name: 'isCalendarDate', validator: { validate: isCalendarDate } }, { message: DATE_WORDS });
}
