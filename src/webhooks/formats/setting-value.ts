import type { FormatSetting, FormatTarget } from './webhook-format.js';

/**
 * The value of a required setting. It may end up in a header, so that it is checked again here.
 * @throws Error that names the setting and not its value.
 */
export function requiredSetting({ settings }: FormatTarget, setting: FormatSetting): string {
  const value = optionalSetting({ settings }, setting);
  if (value === null) throw new Error(`the setting ${setting.name} is missing or not valid`);
  return value;
}

/** @returns null where it is left out, or is not valid. */
export function optionalSetting({ settings }: Pick<FormatTarget, 'settings'>, setting: FormatSetting): string | null {
  const value = Object.hasOwn(settings, setting.name) ? settings[setting.name] : undefined;
  return value !== undefined && setting.pattern.test(value) ? value : null;
}
