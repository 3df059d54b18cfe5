import { counted, roundBeside } from '../../common/wire.js';
import type { Finding } from '../evaluator.js';
import { inNumber, percentage } from '../measuring.js';
import type {
  Comparison,
  CoverageRegressionConfig,
  FallenTechnique,
  NoComparison,
  TacticLoss,
} from './coverage-regression.row.js';

/** How many techniques the message names; the details list more. */
const NAMED_TECHNIQUES = 5;
const NAMED_TACTICS = 3;

const OTHER_DOMAINS: Record<string, string> = { 'mobile-attack': ' (Mobile)', 'ics-attack': ' (ICS)' };

/** Why the newest snapshot is not compared. */
export function reasonNotCompared({ current_date, other_date }: NoComparison): string {
  if (current_date === null) return 'There is no posture snapshot yet. The rule compares two.';
  if (other_date === null) return `There is only one posture snapshot, of ${current_date}. The rule compares two.`;
  return (
    `The posture snapshot of ${current_date} cannot be compared with an earlier one: ` +
    `its roll-up, scope or ATT&CK release differs from the snapshot of ${other_date} and those before.`
  );
}

export function alertOf(row: Comparison, config: CoverageRegressionConfig): Finding['alert'] {
  const { title, sentence } = row.drop_reached ? dropText(row, config) : peakText(row, config);
  return { title, message: [sentence, ...evidenceText(row)].join(' ') };
}

function dropText(row: Comparison, { min_drop_pct }: CoverageRegressionConfig): { title: string; sentence: string } {
  const what = `Coverage dropped by ${points(row.drop_pct, min_drop_pct)}`;
  const [baseline, current] = [percentage(row.baseline_pct), percentage(row.current_pct)];
  const restated =
    row.baseline_pct === row.previous_pct
      ? ''
      : ` (${percentage(row.previous_pct)} that day, restated on today's ATT&CK release)`;
  return {
    title: `${what}, from ${baseline} to ${current}`,
    sentence:
      `${what}, from ${baseline} on ${row.previous_date}${restated} to ${current} on ${row.current_date}; ` +
      `the rule fires at a drop of ${min_drop_pct} or more.`,
  };
}

function peakText(row: Comparison, config: CoverageRegressionConfig): { title: string; sentence: string } {
  const threshold = config.min_drop_from_peak_pct ?? config.min_drop_pct;
  const what = `Coverage is ${points(row.drop_from_peak_pct!, threshold)} below its peak`;
  const [peak, current] = [percentage(row.peak_pct!), percentage(row.current_pct)];
  return {
    title: `${what}, ${current} after ${peak}`,
    sentence:
      `${what} of the last ${counted(config.window_days!, 'day')}: ${peak} on ${row.peak_date}, ${current} on ${row.current_date}; ` +
      `the rule fires at ${threshold} or more below the peak.`,
  };
}

/** If coverage is lower but no technique is worth less, the set of counted techniques has changed. */
function evidenceText({ tactics, techniques, techniques_count, has_statuses }: Comparison): string[] {
  if (!tactics && !has_statuses) return ['Look at the techniques whose status changed between these snapshots.'];
  const ofTechniques = techniques
    ? techniqueText(techniques, techniques_count)
    : 'No technique fell in status: look at the techniques that entered or left the scope between these snapshots.';
  return [...(tactics ? [tacticText(tactics)] : []), ...(has_statuses ? [ofTechniques] : [])];
}

function tacticText(tactics: readonly TacticLoss[]): string {
  const named = tactics
    .slice(0, NAMED_TACTICS)
    .map(
      ({ domain, name, before_pct, after_pct }) =>
        `${name}${OTHER_DOMAINS[domain] ?? ''} ${percentage(before_pct)} to ${percentage(after_pct)}`,
    );
  return `${inNumber(named.length, 'Tactic that lost coverage:', 'Tactics that lost most coverage:')} ${named.join(', ')}.`;
}

function techniqueText(techniques: readonly FallenTechnique[], count: number): string {
  const named = techniques
    .slice(0, NAMED_TECHNIQUES)
    .map(({ attack_id, from, to }) => `${attack_id} (${withSpaces(from)} to ${withSpaces(to)})`);
  const among = count > named.length ? 'among them ' : '';
  return `${counted(count, 'technique')} fell: ${among}${named.join(', ')}.`;
}

function points(value: number, threshold: number): string {
  const rounded = roundBeside(value, threshold);
  return `${rounded} percentage ${inNumber(rounded, 'point', 'points')}`;
}

function withSpaces(status: string): string {
  return status.replaceAll('_', ' ');
}
