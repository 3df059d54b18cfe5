import { plainToInstance } from 'class-transformer';
import { validateSync } from 'class-validator';
import { invalidInput } from '../common/errors/index.js';
import { unknownFieldMessage } from '../common/http/index.js';

/**
 * Reads the options of an upload. Fields of a form are checked like query parameters, and override them.
 * @throws DomainError `invalid_input` naming every invalid or unknown field.
 */
export function formOptions<T extends object>(
  type: new () => T,
  query: object,
  fields: Readonly<Record<string, string>>,
): T {
  const options = plainToInstance(type, { ...query, ...fields }, { exposeDefaultValues: true });
  const errors = validateSync(options, { whitelist: true, forbidNonWhitelisted: true, stopAtFirstError: true });
  if (errors.length === 0) return options;
  throw invalidInput(
    errors.map(({ property, constraints = {} }) => {
      const [[constraint, message] = ['', 'is not valid']] = Object.entries(constraints);
      return {
        field: property,
        message: constraint === 'whitelistValidation' ? unknownFieldMessage(type, property) : message,
      };
    }),
  );
}
