import { ATTACK_DOMAINS, type AttackDomain, ATTACK_ID_PATTERN, ATTACK_ID_WORDS } from '../../catalogue/words/index.js';
import { INSTANT_WORDS, isCalendarDate, parseInstant } from '../../common/instant-text.js';
import { isInTheFuture } from '../../posture/words/index.js';
import {
  MAX_OBSERVATIONS,
  ProblemLog,
  sent,
  shown,
  type ImportProblem,
  type Observation,
  type ParsedFile,
} from '../observations/observation.js';
import { PostureFileError } from '../observations/posture-file.error.js';
import { parseBoundedYaml } from './bounded-yaml.js';
import type { PostureFileFormat } from './posture-file-format.js';
import { isRecord, textOf, type UnknownRecord } from './unknown-record.js';
import { wholeText } from './whole-text.js';

/**
 * YAML is slow to parse, so it gets less room than other formats. A file of every technique with years of score logs
 * has about 2 MB.
 */
const MAX_LENGTH = 8 * 1024 * 1024;

export const dettectFormat = {
  name: 'dettect',
  command: 'dettect',
  description: 'a DeTT&CT technique administration',
  fileEndings: ['.yaml', '.yml'],
  contents: ['detection_scores'],
  maxLength: MAX_LENGTH,
  recognises: (head) => /^\s*["']?file_type["']?\s*:\s*["']?technique-administration/m.test(head),
  parse: async (text, { now }) => parseDettectAdministration(await wholeText(text), now),
} as const satisfies PostureFileFormat<'detection_scores'>;

const FILE_TYPE = 'technique-administration';

/** -1: no detection, 0: forensics or context only, 1 (basic) to 5 (excellent). */
const MIN_SCORE = -1;
const MAX_SCORE = 5;

/** A detection score and when it was given; null where the file does not say when. */
interface DatedScore {
  score: number;
  date: Date | null;
}

/**
 * Reads a DeTT&CT technique administration file, versions 1.0 to 1.2
 * (https://github.com/rabobank-cdc/DeTTECT/wiki/YAML-administration-files). Pure.
 *
 * The newest entry in the log of a detection counts. A technique has a detection for each `applicable_to`; the highest
 * score counts. Visibility is not read: it says what could be detected, not what is detected.
 * @throws PostureFileError
 */
export function parseDettectAdministration(text: string, now: Date): ParsedFile {
  const document = parseBoundedYaml(text);
  const { techniques, domain, name } = administrationOf(document);
  if (techniques.length === 0) throw new PostureFileError('nothing_found', 'the file holds no techniques');
  if (techniques.length > MAX_OBSERVATIONS) {
    throw new PostureFileError('too_many', `a file may hold at most ${MAX_OBSERVATIONS} entries`);
  }
  const problems = new ProblemLog();
  const observations = techniques.flatMap((technique, index) => {
    const observation = readTechnique(technique, `techniques[${index}]`, domain, now, problems);
    return observation ? [observation] : [];
  });
  return { observations, problems, entryCount: techniques.length, name, attackVersion: null };
}

function administrationOf(document: unknown): { techniques: unknown[]; domain: AttackDomain; name: string | null } {
  const fields = isRecord(document) ? document : {};
  if (fields.file_type !== FILE_TYPE || !Array.isArray(fields.techniques)) {
    const type = fields.file_type === undefined ? '' : `; its file_type is ${shown(fields.file_type)}`;
    throw new PostureFileError(
      'wrong_format',
      `the file is not a DeTT&CT technique administration: it needs file_type ${FILE_TYPE} and a list of techniques${type}`,
    );
  }
  // Files from before DeTT&CT supported ICS name no domain.
  const { domain: named = 'enterprise-attack' } = fields;
  const name = textOf(fields.name);
  const domain = ATTACK_DOMAINS.find((known) => known === named);
  if (!domain) {
    throw new PostureFileError(
      'unknown_domain',
      `the file is of the domain ${shown(named)}, which is none of ${ATTACK_DOMAINS.join(', ')}`,
    );
  }
  return { techniques: fields.techniques as unknown[], domain, name: name === null ? null : shown(name) };
}

function readTechnique(
  technique: unknown,
  at: string,
  domain: AttackDomain,
  now: Date,
  problems: ProblemLog,
): Observation | undefined {
  const attackId = isRecord(technique) ? technique.technique_id : undefined;
  if (!isRecord(technique) || typeof attackId !== 'string' || !ATTACK_ID_PATTERN.test(attackId)) {
    return void problems.add(`${at}.technique_id`, `${ATTACK_ID_WORDS}, not ${sent(attackId)}`);
  }
  const scores: DatedScore[] = [];
  for (const [detection, path] of listed(technique.detection, `${at}.detection`)) {
    const read = isRecord(detection) ? newestScore(detection, path, now) : notAnObject(path);
    if (read && 'message' in read) {
      problems.countUnreadable(attackId, domain);
      problems.add(read.at, read.message);
    } else if (read) {
      scores.push(read);
    }
  }
  const [best] = scores.sort(highestThenNewest);
  return {
    at,
    attackId: attackId.toUpperCase(),
    domain,
    isEnabled: true,
    score: best?.score ?? null,
    date: best?.date ?? null,
  };
}

/**
 * The entry with the newest date; the first one if several have that date or none has a date. Version 1.0 has a score
 * instead of a log.
 */
function newestScore(detection: UnknownRecord, path: string, now: Date): DatedScore | ImportProblem | undefined {
  const { score_logbook: log, score, date_implemented: implemented, date_registered: registered } = detection;
  const entries =
    log === undefined && score !== undefined
      ? [[{ score, date: implemented ?? registered }, path] as const]
      : listed(log, `${path}.score_logbook`);
  let newest: DatedScore | undefined;
  for (const [entry, entryPath] of entries) {
    const read = isRecord(entry) ? datedScore(entry, entryPath, now) : notAnObject(entryPath);
    if ('message' in read) return read;
    if (!newest || (read.date?.getTime() ?? 0) > (newest.date?.getTime() ?? 0)) newest = read;
  }
  return newest;
}

function datedScore({ score, date }: UnknownRecord, path: string, now: Date): DatedScore | ImportProblem {
  if (typeof score !== 'number' || !Number.isInteger(score) || score < MIN_SCORE || score > MAX_SCORE) {
    return {
      at: `${path}.score`,
      message: `must be a whole number from ${MIN_SCORE} to ${MAX_SCORE}, not ${sent(score)}`,
    };
  }
  if (date === null || date === undefined || date === '') return { score, date: null };
  const instant = instantOf(date);
  if (!instant) return { at: `${path}.date`, message: `${INSTANT_WORDS}, not ${sent(date)}` };
  if (isInTheFuture(instant, now)) return { at: `${path}.date`, message: 'must not lie in the future' };
  return { score, date: instant };
}

/** DeTT&CT writes days. A time without a zone, which YAML allows, counts as its day. */
function instantOf(date: unknown): Date | undefined {
  if (typeof date !== 'string') return undefined;
  const day = date.slice(0, 10);
  return parseInstant(date) ?? (isCalendarDate(day) && /^[ T]/.test(date.slice(10)) ? parseInstant(day) : undefined);
}

/** DeTT&CT writes one item as an object, and several as a list. */
function listed(value: unknown, path: string): (readonly [unknown, string])[] {
  if (value === undefined || value === null) return [];
  return Array.isArray(value)
    ? value.map((item: unknown, index) => [item, `${path}[${index}]`] as const)
    : [[value, path]];
}

function notAnObject(at: string): ImportProblem {
  return { at, message: 'must be an object' };
}

function highestThenNewest(a: DatedScore, b: DatedScore): number {
  return b.score - a.score || (b.date?.getTime() ?? 0) - (a.date?.getTime() ?? 0);
}
