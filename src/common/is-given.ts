import { ValidateIf } from 'class-validator';

/** Skips validation of a field that is left out. Unlike `IsOptional`, it refuses null. */
export function IsGiven(): PropertyDecorator {
  return ValidateIf((_, value) => value !== undefined);
}

/** Skips validation of a field that is left out or null. */
export function IsGivenOrNull(): PropertyDecorator {
  return ValidateIf((_, value) => value !== undefined && value !== null);
}
