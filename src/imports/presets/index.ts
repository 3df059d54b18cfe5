import { invalidField } from '../../common/errors/index.js';
import { postureFileFormat, POSTURE_FILE_FORMATS, type PostureFileFormatName } from '../formats/index.js';
import { asGivenPreset } from './as-given.preset.js';
import { dettectPreset } from './dettect.preset.js';
import type { PresetOption } from './preset-options.js';
import type { Preset } from './preset.js';
import { ruleCountPreset } from './rule-count.preset.js';
import { score0To100Preset } from './score-0-100.preset.js';
import { simulationPreset } from './simulation.preset.js';

/** Every preset, in the order in which they are offered. */
export const PRESETS = [
  ruleCountPreset,
  score0To100Preset,
  dettectPreset,
  simulationPreset,
  asGivenPreset,
] as const satisfies readonly Preset[];

export type PresetName = (typeof PRESETS)[number]['name'];
export const PRESET_NAMES: readonly PresetName[] = PRESETS.map(({ name }) => name);

/** The options of all presets, each name once. Presets that share a name give it the same kind and the same choices. */
export const PRESET_OPTIONS: readonly PresetOption[] = [
  ...new Map(
    PRESETS.flatMap(({ options }): readonly PresetOption[] => options).map((option) => [option.name, option]),
  ).values(),
];

/**
 * The preset with this name, or the default of the format.
 * @throws DomainError naming `preset` when there is none, or when it does not read the format.
 */
export function presetFor(format: PostureFileFormatName, name: string | undefined): Preset & { name: PresetName } {
  const fitting = presetsOf(format);
  const preset = name === undefined ? defaultPresetOf(format) : fitting.find((known) => known.name === name);
  if (preset) return preset;
  const names = fitting.map((known) => known.name).join(', ');
  throw invalidField('preset', `must be one of ${names} for the format ${format}`);
}

/** Undefined where a request must choose: a layer with a score of 80 can mean 80 rules or 80 per cent. */
export function defaultPresetOf(format: PostureFileFormatName): (Preset & { name: PresetName }) | undefined {
  return presetsOf(format).find(({ isDefault }) => isDefault);
}

/** The formats whose files can hold what the preset reads. */
export function formatsOf({ content }: Preset): PostureFileFormatName[] {
  return POSTURE_FILE_FORMATS.map(({ name }) => name).filter((name) =>
    postureFileFormat(name).contents.includes(content),
  );
}

function presetsOf(format: PostureFileFormatName): (Preset & { name: PresetName })[] {
  return PRESETS.filter(({ content }) => postureFileFormat(format).contents.includes(content));
}
