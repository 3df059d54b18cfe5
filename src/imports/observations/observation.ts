import type { AttackDomain } from '../../catalogue/words/index.js';
import type { PostureItem } from '../../posture/words/index.js';

/** The formats that posture is imported from. */
export const POSTURE_FILE_FORMATS = ['navigator', 'dettect', 'csv', 'json'] as const;
export type PostureFileFormat = (typeof POSTURE_FILE_FORMATS)[number];

/** What a test of a technique showed, from best to worst. */
export const TEST_OUTCOMES = ['prevented', 'detected', 'logged', 'missed'] as const;
export type TestOutcome = (typeof TEST_OUTCOMES)[number];

/** One thing that a file says of one technique. What it means for the posture is the preset's business. */
export interface Observation {
  /** Where it stands: `techniques[3]`, `[1].techniques[3]`, `line 12`. */
  at: string;
  /** In upper case. */
  attackId: string;
  /** Null: the file does not tell. */
  domain: AttackDomain | null;
  /** False: a layer marks the technique as disabled. */
  isEnabled: boolean;
  /** Null: not scored, which is not 0. */
  score: number | null;
  /** When the score was given or the test was made. */
  date: Date | null;
  /** The result of a test, and what the test is called. */
  test?: { outcome: TestOutcome; name: string };
  /** What the file says of the posture outright. */
  given?: PostureItem;
}

/** What was left out of a file, and why. */
export interface ImportProblem {
  at: string;
  message: string;
}

/** A file as its format reads it. */
export interface ParsedFile {
  observations: Observation[];
  problems: ProblemLog;
  /** How many entries the file has, usable or not. */
  entryCount: number;
  /** What the file calls itself, where it does. */
  name: string | null;
  /** The ATT&CK release that the file was made for, where it tells. */
  attackVersion: string | null;
}

/** How many problems are listed; all are counted. */
const LISTED_PROBLEMS = 100;

/** The most observations that one file may hold; a layer of every technique under every tactic has some 1,100. */
export const MAX_OBSERVATIONS = 250_000;

/** Collects what was left out. It keeps the first and counts the rest, so that a wholly wrong file costs no more than a right one. */
export class ProblemLog {
  readonly listed: ImportProblem[] = [];
  count = 0;

  add(at: string, message: string): void {
    this.count += 1;
    if (this.listed.length < LISTED_PROBLEMS) this.listed.push({ at, message });
  }
}

/** Text of a file as an error may show it: short, and on one line. */
export function shown(value: unknown): string {
  const text = typeof value === 'string' ? value : (JSON.stringify(value) ?? String(value));
  const line = text.slice(0, 61).replace(/[\p{Cc}\p{Surrogate}]/gu, ' ');
  return line.length > 60 ? `${line.slice(0, 60)}...` : line;
}
