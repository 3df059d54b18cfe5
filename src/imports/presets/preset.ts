import type { AttackDomain } from '../../catalogue/words/index.js';
import { counted } from '../../common/wire.js';
import type { TechniqueStatus } from '../../posture/words/index.js';
import { techniqueKey, type FileContent, type Observation, type ProblemLog } from '../observations/observation.js';
import type { OptionValues, PresetOption } from './preset-options.js';

/** What a file proposes for one technique. A missing property leaves the value as it is; null clears it. */
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
  /** The reason for people: `score 41, the highest of 2`. */
  because: string;
}

export interface Proposals {
  proposals: Proposal[];
  /**
   * How many techniques the file names without a statement about their posture: unscored or disabled. They stay as they
   * are.
   */
  silent: number;
  /** What looks as if the file means something else. Sentences for people; nothing is left out because of them. */
  hints?: string[];
}

/**
 * A rule that turns the statements of a file into posture. A new preset is one file with one of these, and one entry in
 * the list.
 */
export interface Preset {
  /** Stable: requests name it, and imports store it. */
  name: string;
  title: string;
  description: string;
  /** What the preset reads. It is offered for every format whose files can hold this. */
  content: FileContent;
  /**
   * Whether it applies when a request names no preset. At most one preset that reads the same content is the default.
   */
  isDefault: boolean;
  options: readonly PresetOption[];
  /** @throws DomainError naming an option that cannot be combined with the others. */
  check?(options: OptionValues, now: Date): void;
  /** Pure. `problems` takes the entries that are left out. */
  propose(
    observations: readonly Observation[],
    options: OptionValues,
    context: { now: Date; problems: ProblemLog },
  ): Proposals;
}

/** The end of a reason, if entries of the technique could not be read; otherwise nothing. */
export function unreadableWords(count: number, singular: string, plural?: string): string {
  return count === 0 ? '' : `; ${counted(count, singular, plural)} could not be read`;
}

/** Groups observations by domain and technique, in the order of the file. */
export function byTechnique(observations: readonly Observation[]): Observation[][] {
  const groups = new Map<string, Observation[]>();
  for (const observation of observations) {
    const key = techniqueKey(observation.attackId, observation.domain);
    const group = groups.get(key);
    if (group) group.push(observation);
    else groups.set(key, [observation]);
  }
  return [...groups.values()];
}
