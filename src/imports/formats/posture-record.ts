import { ATTACK_ID_PATTERN, ATTACK_ID_WORDS } from '../../catalogue/words/index.js';
import { INSTANT_WORDS, parseInstant } from '../../common/instant-text.js';
import { isInTheFuture, readPostureItem } from '../../posture/words/index.js';
import {
  sent,
  shown,
  TEST_OUTCOMES,
  type FileContent,
  type Observation,
  type ProblemLog,
} from '../observations/observation.js';
import { isRecord, type UnknownRecord } from './unknown-record.js';

/** What a file of records can hold: the posture itself, or results of tests. */
export const RECORD_KINDS = ['posture', 'tests'] as const satisfies readonly FileContent[];
export type RecordKind = (typeof RECORD_KINDS)[number];

/** The fields of a record. Only `attack_id` is required. */
export const RECORD_FIELDS: Readonly<Record<RecordKind, readonly string[]>> = {
  posture: ['attack_id', 'status_global', 'last_review_date', 'risk_score', 'owner_id', 'owner_email', 'tags'],
  tests: ['attack_id', 'outcome', 'tested_at', 'test'],
};

/** Reads one record. An invalid record gives undefined, and `problems` then says why. */
export function readRecord(
  value: unknown,
  at: string,
  kind: RecordKind,
  now: Date,
  problems: ProblemLog,
): Observation | undefined {
  if (kind === 'tests') return readTest(value, at, now, problems);
  const given = readPostureItem(value, at, problems, now);
  return given && { at, attackId: given.attackId, domain: null, isEnabled: true, score: null, date: null, given };
}

function readTest(value: unknown, at: string, now: Date, problems: ProblemLog): Observation | undefined {
  if (!isRecord(value)) return void problems.add(at, 'must be an object with an attack_id and an outcome');
  const fault = faultOf(value, now);
  if (fault) {
    problems.countUnreadable(value.attack_id, null);
    return void problems.add(`${at}.${fault[0]}`, fault[1]);
  }
  const { attack_id: attackId, tested_at: testedAt, test } = value;
  return {
    at,
    attackId: (attackId as string).toUpperCase(),
    domain: null,
    isEnabled: true,
    score: null,
    date: parseInstant(testedAt) ?? null,
    test: {
      outcome: TEST_OUTCOMES.find((outcome) => outcome === value.outcome)!,
      name: typeof test === 'string' ? test.trim() || null : null,
    },
  };
}

function faultOf(record: UnknownRecord, now: Date): [field: string, message: string] | undefined {
  const { attack_id: attackId, outcome, tested_at: testedAt = null, test = null } = record;
  const unknown = Object.keys(record).find((field) => !RECORD_FIELDS.tests.includes(field));
  if (unknown !== undefined) {
    return [shown(unknown), `is not known here, which takes ${RECORD_FIELDS.tests.join(', ')}`];
  }
  if (typeof attackId !== 'string' || !ATTACK_ID_PATTERN.test(attackId)) return ['attack_id', ATTACK_ID_WORDS];
  if (!TEST_OUTCOMES.some((known) => known === outcome)) {
    return ['outcome', `must be one of ${TEST_OUTCOMES.join(', ')}, not ${sent(outcome)}`];
  }
  const instant = parseInstant(testedAt);
  if (testedAt !== null && !instant) return ['tested_at', INSTANT_WORDS];
  if (instant && isInTheFuture(instant, now)) return ['tested_at', 'must not lie in the future'];
  if (test !== null && (typeof test !== 'string' || test.length > 200)) {
    return ['test', 'must be text of at most 200 characters'];
  }
  return undefined;
}
