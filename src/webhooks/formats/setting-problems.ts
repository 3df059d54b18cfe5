import type { FieldError } from '../../common/errors/index.js';
import type { WebhookFormat } from './webhook-format.js';

/**
 * Problems of the settings for a format; empty if they are valid. No message repeats a value, because it may be a key.
 * @param given null or undefined means no settings.
 */
export function settingsProblems(format: WebhookFormat, given: unknown): FieldError[] {
  const values = given ?? {};
  if (typeof values !== 'object' || Array.isArray(values)) return [{ field: 'settings', message: 'must be an object' }];
  const names = format.settings.map(({ name }) => name);
  const unknown = Object.keys(values)
    .filter((name) => !names.includes(name))
    .map((name) => ({
      field: `settings.${name}`,
      message: `is not a setting of the format ${format.code}, which takes ${names.length > 0 ? names.join(', ') : 'none'}`,
    }));
  const faults = format.settings.flatMap((setting) => {
    const value: unknown = Object.hasOwn(values, setting.name)
      ? values[setting.name as keyof typeof values]
      : undefined;
    if (value === undefined || value === null) {
      return setting.required
        ? [{ field: `settings.${setting.name}`, message: `is required: ${setting.description}` }]
        : [];
    }
    return typeof value === 'string' && setting.pattern.test(value)
      ? []
      : [{ field: `settings.${setting.name}`, message: `must be ${setting.description}` }];
  });
  return [...unknown, ...faults];
}
