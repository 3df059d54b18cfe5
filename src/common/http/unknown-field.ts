import type { Type } from '@nestjs/common';
import { plainToInstance } from 'class-transformer';
import { getMetadataStorage } from 'class-validator';

const INNER_FIELDS = 'vedette:inner-fields';

/** Deep enough for every request. */
const MAX_LEVELS = 3;

/** Names the fields of a free-form property, so that the error about a misplaced one says where it belongs. */
export function nameInnerFields(request: Type<object>, property: string, names: readonly string[]): void {
  Reflect.defineMetadata(INNER_FIELDS, names, request, property);
}

/**
 * The error about a field that its level of the request does not have.
 * @param path the path of the field as it was sent, such as `scope.tactic`.
 */
export function unknownFieldMessage(request: Type<object> | undefined, path: string): string {
  const place = request && placesOf(request, path.split('.').at(-1)!)[0];
  if (place === undefined) return 'is not a known field';
  return `belongs ${place === '' ? 'at the top level of the request' : `in ${place}`}, not here`;
}

/** The names of the fields of a request, at its top level. */
export function fieldsOf(request: Type<object>): string[] {
  const rules = getMetadataStorage().getTargetValidationMetadatas(request, '', false, false);
  return [...new Set(rules.map(({ propertyName }) => propertyName))];
}

/** The levels that have a field with this name, the top level as an empty path. */
function placesOf(request: Type<object>, name: string, parent = '', level = 1): string[] {
  const fields = fieldsOf(request);
  const inner = fields.flatMap((field) => {
    const path = parent === '' ? field : `${parent}.${field}`;
    const named = (Reflect.getMetadata(INNER_FIELDS, request, field) ?? []) as readonly string[];
    const nested = level < MAX_LEVELS ? nestedClass(request, field) : undefined;
    return [...(named.includes(name) ? [path] : []), ...(nested ? placesOf(nested, name, path, level + 1) : [])];
  });
  return [...(fields.includes(name) ? [parent] : []), ...inner];
}

/** The class to which the body parser converts the objects in a field. */
function nestedClass(request: Type<object>, field: string): Type<object> | undefined {
  const value: unknown = Reflect.get(plainToInstance(request, { [field]: {} }), field);
  const type = typeof value === 'object' && value !== null ? (value.constructor as Type<object>) : undefined;
  return type && fieldsOf(type).length > 0 ? type : undefined;
}
