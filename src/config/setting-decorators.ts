import { applyDecorators } from '@nestjs/common';
import { Transform, Type } from 'class-transformer';
import { IsBoolean, IsInt, IsString, Max, Min, registerDecorator } from 'class-validator';
import { CronTime } from 'cron';

/** A hundred years. */
const MAX_RETENTION_DAYS = 36_500;

/** @param what what the messages call the number, such as `whole number of days`. */
export function IsIntBetween(min: number, max: number, what = 'whole number'): PropertyDecorator {
  return isInt(min, max, `must be a ${what} from ${min} to ${max}`);
}

export function IsRetentionDays(): PropertyDecorator {
  return isInt(0, MAX_RETENTION_DAYS, `must be a whole number of days from 0 (keep for ever) to ${MAX_RETENTION_DAYS}`);
}

function isInt(min: number, max: number, message: string): PropertyDecorator {
  return applyDecorators(
    Type(() => Number),
    IsInt({ message }),
    Min(min, { message }),
    Max(max, { message }),
  );
}

/** Accepts `1` and `0` too. */
export function IsTrueOrFalse(): PropertyDecorator {
  return applyDecorators(
    Transform(({ value }) => toBoolean(value)),
    IsBoolean({ message: 'must be true or false' }),
  );
}

/** @param what what a part of the list is, such as `hosts`. */
export function IsCommaSeparated(what: string): PropertyDecorator {
  return applyDecorators(
    Transform(({ value }) => splitList(value)),
    IsString({ each: true, message: `must be ${what}, separated by commas` }),
  );
}

export function IsCronExpression(): PropertyDecorator {
  return isTextThat('isCronExpression', isCron, 'must be a cron expression such as */5 * * * *');
}

export function IsHttpUrl(): PropertyDecorator {
  return IsUrlOf(['http:', 'https:'], 'must be a URL that starts with http:// or https://');
}

export function IsUrlOf(protocols: readonly string[], message: string): PropertyDecorator {
  return isTextThat('isUrlOf', (text) => isUrlOf(text, protocols), message);
}

function isTextThat(name: string, holds: (text: string) => boolean, message: string): PropertyDecorator {
  return (target, propertyName) =>
    registerDecorator({
      name,
      target: target.constructor,
      propertyName: String(propertyName),
      options: { message },
      validator: { validate: (value: unknown) => typeof value === 'string' && holds(value) },
    });
}

function splitList(value: unknown): unknown {
  return typeof value === 'string'
    ? value
        .split(',')
        .map((part) => part.trim().toLowerCase())
        .filter(Boolean)
    : value;
}

function toBoolean(value: unknown): unknown {
  return value === 'true' || value === '1' ? true : value === 'false' || value === '0' ? false : value;
}

function isUrlOf(text: string, protocols: readonly string[]): boolean {
  return URL.canParse(text) && protocols.includes(new URL(text).protocol) && new URL(text).hostname !== '';
}

function isCron(expression: string): boolean {
  try {
    return Boolean(new CronTime(expression, 'UTC'));
  } catch {
    return false;
  }
}
