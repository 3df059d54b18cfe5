import type { FormatSetting, FormatTarget } from './webhook-format.js';

/**
 * The value of a required setting. It is checked again here, because it may be sent in a header.
 * @throws Error with the name of the setting but not its value.
 */
export function requiredSetting({ settings }: FormatTarget, setting: FormatSetting): string {
  const value = optionalSetting({ settings }, setting);
  if (value === null) throw new Error(`the setting ${setting.name} is missing or not valid`);
  return value;
}

/** @returns null if the setting is missing or invalid. */
export function optionalSetting({ settings }: Pick<FormatTarget, 'settings'>, setting: FormatSetting): string | null {
  const value = Object.hasOwn(settings, setting.name) ? settings[setting.name] : undefined;
  return value !== undefined && setting.pattern.test(value) ? value : null;
}
