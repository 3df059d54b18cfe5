import { utcDate } from '../../common/instant-text.js';
import { counted } from '../../common/wire.js';
import type { Observation, TestOutcome } from '../observations/observation.js';
import { onConflict } from './common-options.js';
import { byTechnique, unreadableWords, type Preset, type Proposal } from './preset.js';

const DAY_MS = 24 * 3_600_000;

interface TestResult {
  outcome: TestOutcome;
  date: Date | null;
}

/** Results of purple-team exercises and of attack simulations. */
export const simulationPreset = {
  name: 'simulation',
  title: 'Purple-team or simulation results',
  description:
    'The newest result of each test counts. A result without a test name is a test of its own. A technique is validated as of its newest test when every ' +
    'test was detected or prevented and none is expired, undated or unreadable; it is partial when a test was detected, prevented or logged; otherwise it is not_covered.',
  content: 'tests',
  isDefault: false,
  options: [
    {
      name: 'max_age_days',
      kind: 'number',
      min: 1,
      max: 3_650,
      default: 90,
      description: 'For how many days a test counts. With an older test a technique is partial at most.',
    },
    onConflict('overwrite'),
  ],
  propose(observations, options, { now, problems }) {
    const oldest = new Date(now.getTime() - (options.max_age_days as number) * DAY_MS);
    const proposals = byTechnique(observations).map((group): Proposal => {
      const { attackId, domain, at } = group[0]!;
      return { attackId, domain, at, ...judge(newestResults(group), oldest, problems.unreadableOf(attackId, domain)) };
    });
    return { proposals, silent: 0 };
  },
} as const satisfies Preset;

/**
 * The results of each test on its newest date: a repeated test replaces its earlier results. A result without a test
 * name is a test of its own, because nothing says that it repeats another one.
 */
function newestResults(group: readonly Observation[]): TestResult[] {
  const byTest = new Map<string, TestResult[]>();
  const unnamed: TestResult[] = [];
  for (const { test, date } of group) {
    if (!test) continue;
    const result = { outcome: test.outcome, date };
    if (test.name === null) {
      unnamed.push(result);
      continue;
    }
    const known = byTest.get(test.name);
    const difference = known ? timeOf(result) - timeOf(known[0]!) : 1;
    if (difference > 0) byTest.set(test.name, [result]);
    else if (difference === 0) known!.push(result);
  }
  return [...byTest.values(), unnamed].flat();
}

function timeOf({ date }: TestResult): number {
  return date?.getTime() ?? 0;
}

function judge(
  results: readonly TestResult[],
  oldest: Date,
  unreadable: number,
): Pick<Proposal, 'statusGlobal' | 'lastReviewDate' | 'because'> {
  const seen = results.filter(({ outcome }) => outcome === 'detected' || outcome === 'prevented');
  const inDate = seen.filter(({ date }) => date && date >= oldest);
  const newest = new Date(results.map(timeOf).reduce((a, b) => Math.max(a, b)));
  const dated = newest.getTime() > 0;
  const because =
    `${seen.length} of ${counted(results.length, 'test')} detected or prevented` +
    `${seen.length > inDate.length ? `, ${inDate.length} of them in date` : ''}${dated ? `, the newest of ${utcDate(newest)}` : ''}` +
    unreadableWords(unreadable, 'result');
  if (inDate.length === results.length && unreadable === 0) {
    return { statusGlobal: 'validated', lastReviewDate: newest, because };
  }
  const isSeenAtAll = results.some(({ outcome }) => outcome !== 'missed');
  return {
    statusGlobal: isSeenAtAll ? 'partial' : 'not_covered',
    ...(dated ? { lastReviewDate: newest } : {}),
    because,
  };
}
