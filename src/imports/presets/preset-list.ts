import { invalidField } from '../../common/errors/index.js';
import type { PostureFileFormat } from '../observations/observation.js';
import { AS_GIVEN } from './as-given-preset.js';
import { DETTECT } from './dettect-preset.js';
import { RULE_COUNT, SCORE_0_100 } from './layer-presets.js';
import type { Preset } from './preset.js';
import { SIMULATION } from './simulation-preset.js';

/** Every preset, in the order in which they are offered. */
export const PRESETS: readonly Preset[] = [RULE_COUNT, SCORE_0_100, DETTECT, SIMULATION, AS_GIVEN];

/** What stands where no preset is named. A layer has none: a score of 80 rules and one of 80 per cent look alike. */
const PRESET_OF: Partial<Record<PostureFileFormat, Preset>> = { dettect: DETTECT, csv: AS_GIVEN, json: AS_GIVEN };

/**
 * The preset of that name, or the one that stands for the format.
 * @throws DomainError naming `preset` when there is none, or when it does not read the format.
 */
export function presetFor(format: PostureFileFormat, name: string | undefined): Preset {
  const preset = name === undefined ? PRESET_OF[format] : PRESETS.find((known) => known.name === name);
  if (preset?.formats.includes(format)) return preset;
  const fitting = PRESETS.filter(({ formats }) => formats.includes(format)).map((known) => known.name);
  throw invalidField('preset', `must be one of ${fitting.join(', ')} for the format ${format}`);
}
