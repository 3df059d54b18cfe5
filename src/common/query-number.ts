import { applyDecorators } from '@nestjs/common';
import { ApiPropertyOptional } from '@nestjs/swagger';
import { Transform } from 'class-transformer';
import { IsInt, IsNumber, IsOptional, Max, Min } from 'class-validator';

export interface QueryRange {
  min: number;
  max: number;
}

const DIGITS = /^\d{1,15}$/;
const DECIMAL = /^\d{1,15}(\.\d{1,15})?$/;

/** A query parameter with a whole number in decimal digits: no sign, no exponent, no other base, and only once. */
export function QueryInteger({ min, max }: QueryRange): PropertyDecorator {
  const rule = { message: `must be a whole number from ${min} to ${max}` };
  return applyDecorators(
    ApiPropertyOptional({ type: 'integer', minimum: min, maximum: max }),
    IsOptional(),
    Transform(({ value }: { value: unknown }) => numberFrom(value, DIGITS)),
    IsInt(rule),
    Min(min, rule),
    Max(max, rule),
  );
}

/** A query parameter with a number in decimal digits, with or without a fraction, and only once. */
export function QueryNumber({ min, max }: QueryRange): PropertyDecorator {
  const rule = { message: `must be a number from ${min} to ${max}` };
  return applyDecorators(
    ApiPropertyOptional({ type: 'number', minimum: min, maximum: max }),
    IsOptional(),
    Transform(({ value }: { value: unknown }) => numberFrom(value, DECIMAL)),
    IsNumber({ allowNaN: false, allowInfinity: false }, rule),
    Min(min, rule),
    Max(max, rule),
  );
}

/** Other text stays text, which the validators then reject. */
function numberFrom(value: unknown, pattern: RegExp): unknown {
  return typeof value === 'string' && pattern.test(value) ? Number(value) : value;
}
