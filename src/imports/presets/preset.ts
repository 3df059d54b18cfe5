import type { AttackDomain } from '../../catalogue/words/index.js';
import type { TechniqueStatus } from '../../posture/words/index.js';
import type { RecordKind } from '../formats/posture-record.js';
import type { Observation, PostureFileFormat, ProblemLog } from '../observations/observation.js';
import type { OptionValues, PresetOption } from './preset-options.js';

/** What a file proposes for one technique. A property left out stays as it is; null clears. */
export interface Proposal {
  attackId: string;
  domain: AttackDomain | null;
  /** The first place in the file that says so. */
  at: string;
  statusGlobal?: TechniqueStatus | null;
  lastReviewDate?: Date | null;
  riskScore?: number | null;
  ownerId?: string | null;
  ownerEmail?: string | null;
  tags?: string[] | null;
  /** What it follows from, for people: `score 41, the highest of 2`. */
  because: string;
}

export interface Proposals {
  proposals: Proposal[];
  /** How many techniques the file names without saying anything of their posture: unscored, or disabled. They are left alone. */
  silent: number;
}

/** How what files say becomes posture. */
export interface Preset {
  name: PresetName;
  title: string;
  description: string;
  formats: readonly PostureFileFormat[];
  /** What the records of a CSV or JSON file say under this preset. */
  recordKind: RecordKind;
  options: readonly PresetOption[];
  /** @throws DomainError naming an option that cannot be combined with the others. */
  check?: (options: OptionValues, now: Date) => void;
  /** Pure. `problems` takes what had to be left out. */
  propose(
    observations: readonly Observation[],
    options: OptionValues,
    context: { now: Date; problems: ProblemLog },
  ): Proposals;
}

export const PRESET_NAMES = ['rule_count', 'score_0_100', 'dettect', 'simulation', 'as_given'] as const;
export type PresetName = (typeof PRESET_NAMES)[number];

/** The observations of each technique of each domain, in the order of the file. */
export function byTechnique(observations: readonly Observation[]): Observation[][] {
  const groups = new Map<string, Observation[]>();
  for (const observation of observations) {
    const key = `${observation.domain ?? ''} ${observation.attackId}`;
    const group = groups.get(key);
    if (group) group.push(observation);
    else groups.set(key, [observation]);
  }
  return [...groups.values()];
}
