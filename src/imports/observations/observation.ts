import { ATTACK_ID_PATTERN, type AttackDomain } from '../../catalogue/words/index.js';
import type { PostureItem } from '../../posture/words/index.js';

/**
 * What the entries of a file state: scores of a layer, scores of detections, the posture itself, or results of tests. A
 * format lists what its files can hold, and a preset reads one of them.
 */
export type FileContent = 'layer_scores' | 'detection_scores' | 'posture' | 'tests';

/** What a test of a technique showed, from best to worst. */
export const TEST_OUTCOMES = ['prevented', 'detected', 'logged', 'missed'] as const;
export type TestOutcome = (typeof TEST_OUTCOMES)[number];

/** The lowest and the highest value of a gradient; `min` is less than `max`. */
export interface Gradient {
  min: number;
  max: number;
}

/** One statement of a file about one technique. The preset decides what it means for the posture. */
export interface Observation {
  /** Its place in the file: `techniques[3]`, `[1].techniques[3]`, `line 12`. */
  at: string;
  /** In upper case. */
  attackId: string;
  /** Null: the file does not say. */
  domain: AttackDomain | null;
  /** False: a layer marks the technique as disabled. */
  isEnabled: boolean;
  /** Null: not scored. That is not the same as 0. */
  score: number | null;
  /** The range that the layer colours its scores by; null: none that is usable. Absent in other files. */
  gradient?: Gradient | null;
  /** When the score was given or the test was made. */
  date: Date | null;
  /** The result of a test, and the name of the test; null where it has none. */
  test?: { outcome: TestOutcome; name: string | null };
  /** The posture, where the file states it directly. */
  given?: PostureItem;
}

/** An entry of a file that was left out, and why. */
export interface ImportProblem {
  at: string;
  message: string;
}

/** What a format reads from a file. */
export interface ParsedFile {
  observations: Observation[];
  problems: ProblemLog;
  /** How many entries the file has, usable or not. */
  entryCount: number;
  /** The name that the file gives itself; null where it has none. */
  name: string | null;
  /** The ATT&CK release that the file was made for; null where the file does not say. */
  attackVersion: string | null;
}

/** How many problems are listed; all are counted. */
const LISTED_PROBLEMS = 100;

/** The most observations that one file may hold; a layer of every technique under every tactic has some 1,100. */
export const MAX_OBSERVATIONS = 250_000;

/**
 * Collects what was left out. It lists the first problems and only counts the rest, so that a bad file takes no more
 * memory than a good one.
 */
export class ProblemLog {
  readonly listed: ImportProblem[] = [];
  count = 0;
  private readonly unreadable = new Map<string, number>();

  add(at: string, message: string): void {
    this.count += 1;
    if (this.listed.length < LISTED_PROBLEMS) this.listed.push({ at, message });
  }

  /** Counts an entry that was left out for the technique that it names, if it names one. */
  countUnreadable(attackId: unknown, domain: AttackDomain | null): void {
    if (typeof attackId !== 'string' || !ATTACK_ID_PATTERN.test(attackId)) return;
    const key = techniqueKey(attackId, domain);
    this.unreadable.set(key, this.unreadableOf(attackId, domain) + 1);
  }

  /**
   * How many entries of a technique were left out. Each could say something else than the others, so a status for which
   * all entries must agree cannot be given then.
   */
  unreadableOf(attackId: string, domain: AttackDomain | null): number {
    return this.unreadable.get(techniqueKey(attackId, domain)) ?? 0;
  }
}

/** The same for all entries of a file about one technique. */
export function techniqueKey(attackId: string, domain: AttackDomain | null): string {
  return `${domain ?? ''} ${attackId.toUpperCase()}`;
}

/** A name or a word from a file, short enough for an error message and on one line. */
export function shown(value: unknown): string {
  return typeof value === 'string' ? shortened(value) : sent(value);
}

/** A value as a file holds it, for error messages: text in quotes, so that `"3"` does not look like a number. */
export function sent(value: unknown): string {
  return shortened(JSON.stringify(value) ?? 'nothing');
}

function shortened(text: string): string {
  const start = text.length > 60 ? `${text.slice(0, 60)}...` : text;
  // After the cut, because it may have halved a character.
  return start.replace(/[\p{Cc}\p{Surrogate}]/gu, ' ');
}
