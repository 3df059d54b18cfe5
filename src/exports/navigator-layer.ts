import type { TechniqueStatus } from '../posture/words/index.js';
import type { ExportedChange, ExportedTechnique, PastImage } from './exported-posture.js';

/**
 * A layer in the format 4.5
 * (https://github.com/mitre-attack/attack-navigator/blob/master/layers/spec/v4.5/layerformat.md).
 */
export interface NavigatorLayer {
  name: string;
  versions: { attack?: string; navigator: string; layer: '4.5' };
  domain: string;
  description: string;
  /** Empty, so that Navigator shows every platform of any release. */
  filters: Record<string, never>;
  sorting: number;
  layout: Record<string, string | boolean>;
  hideDisabled: boolean;
  techniques: LayerTechnique[];
  gradient: { colors: string[]; minValue: number; maxValue: number };
  legendItems: { label: string; color: string }[];
  metadata: LayerMetadata[];
  links: never[];
}

interface LayerTechnique {
  techniqueID: string;
  /** Absent: not scored. */
  score?: number;
  color: string;
  comment: string;
  enabled: boolean;
  metadata: LayerMetadata[];
  showSubtechniques: boolean;
}

export interface LayerMetadata {
  name: string;
  value: string;
}

/** The header of a layer. */
export interface LayerHead {
  name: string;
  description: string;
  domain: string;
  /** The ATT&CK release of the catalogue. */
  attackVersion: string | null;
  metadata: LayerMetadata[];
}

/** The Navigator release that these layers are written for. */
const NAVIGATOR_VERSION = '5.2.0';

/** What a status counts towards coverage, in per cent; null: not scored. */
const SCORES: Readonly<Record<TechniqueStatus, number | null>> = {
  validated: 100,
  partial: 50,
  in_progress: 0,
  not_covered: 0,
  not_evaluated: null,
  not_applicable: null,
};

const COLORS: Readonly<Record<TechniqueStatus, string>> = {
  validated: '#2e7d32',
  partial: '#f9a825',
  in_progress: '#1e88e5',
  not_covered: '#c62828',
  not_evaluated: '',
  not_applicable: '#9e9e9e',
};

const GAIN = '#2e7d32';
const LOSS = '#c62828';
const OTHER_CHANGE = '#1e88e5';
const CATALOGUE_CHANGE = '#9e9e9e';

/**
 * The posture of techniques. The score is what the status counts towards coverage; a technique that is not applicable
 * is disabled.
 */
export function toPostureLayer(
  head: LayerHead,
  techniques: readonly ExportedTechnique[],
  expanded = false,
): NavigatorLayer {
  const layer = emptyLayer(head, expanded);
  return {
    ...layer,
    techniques: techniques.map((technique) => {
      const { attackId, statusGlobal, lastReviewDate, riskScore } = technique;
      const score = SCORES[statusGlobal];
      return {
        techniqueID: attackId,
        ...(score === null ? {} : { score }),
        color: COLORS[statusGlobal],
        comment: commentOf(technique),
        enabled: statusGlobal !== 'not_applicable',
        metadata: [
          { name: 'status', value: statusGlobal },
          ...(lastReviewDate ? [{ name: 'last review', value: day(lastReviewDate) }] : []),
          ...(riskScore === null ? [] : [{ name: 'risk score', value: String(riskScore) }]),
        ],
        showSubtechniques: false,
      };
    }),
    gradient: { colors: [COLORS.not_covered, COLORS.partial, COLORS.validated], minValue: 0, maxValue: 100 },
    legendItems: Object.entries(COLORS).flatMap(([status, color]) => (color ? [{ label: status, color }] : [])),
  };
}

/** The changes of techniques. The score is the gain or loss of coverage. */
export function toChangeLayer(head: LayerHead, changes: readonly ExportedChange[]): NavigatorLayer {
  return {
    ...emptyLayer(head, true),
    techniques: changes.map((change) => {
      const score = gainOf(change);
      const words = changeWords(change);
      return {
        techniqueID: change.attackId,
        ...(score === null ? {} : { score }),
        color: colorOf(change, score ?? 0),
        comment: words,
        enabled: true,
        metadata: [
          { name: 'before', value: change.before?.statusGlobal ?? 'none' },
          { name: 'after', value: change.after?.statusGlobal ?? 'none' },
          { name: 'cause', value: change.cause },
        ],
        showSubtechniques: false,
      };
    }),
    gradient: { colors: [LOSS, '#ffffff', GAIN], minValue: -100, maxValue: 100 },
    legendItems: [
      { label: 'better covered', color: GAIN },
      { label: 'less covered', color: LOSS },
      { label: 'otherwise changed', color: OTHER_CHANGE },
      { label: 'changed by ATT&CK, or not known before', color: CATALOGUE_CHANGE },
    ],
  };
}

function emptyLayer(
  { name, description, domain, attackVersion, metadata }: LayerHead,
  expanded: boolean,
): Omit<NavigatorLayer, 'techniques' | 'gradient' | 'legendItems'> {
  return {
    name,
    versions: {
      // Navigator names releases only by their first number.
      ...(attackVersion === null ? {} : { attack: attackVersion.split('.', 1)[0]! }),
      navigator: NAVIGATOR_VERSION,
      layer: '4.5',
    },
    domain,
    description,
    filters: {},
    sorting: 0,
    layout: {
      layout: 'side',
      aggregateFunction: 'average',
      showID: false,
      showName: true,
      showAggregateScores: false,
      countUnscored: false,
      expandedSubtechniques: expanded ? 'annotated' : 'none',
    },
    hideDisabled: false,
    metadata,
    links: [],
  };
}

function commentOf({ statusGlobal, lastReviewDate, riskScore }: ExportedTechnique): string {
  return [
    statusGlobal,
    lastReviewDate && `reviewed ${day(lastReviewDate)}`,
    riskScore === null ? null : `risk ${riskScore}`,
  ]
    .filter(Boolean)
    .join(', ');
}

/** How much more a technique counts towards coverage, in per cent; null: its earlier posture is not known. */
export function gainOf({ before, after, cause }: Pick<ExportedChange, 'before' | 'after' | 'cause'>): number | null {
  return cause === 'not_known' ? null : weight(after) - weight(before);
}

function weight(image: PastImage | null): number {
  return image?.inForce ? (SCORES[image.statusGlobal] ?? 0) : 0;
}

function colorOf({ cause }: ExportedChange, score: number): string {
  if (cause !== 'posture') return CATALOGUE_CHANGE;
  return score > 0 ? GAIN : score < 0 ? LOSS : OTHER_CHANGE;
}

function changeWords({ before, after, cause }: ExportedChange): string {
  if (cause === 'not_known') return `${after?.statusGlobal ?? 'none'}; the earlier status is not known`;
  if (cause === 'catalogue') {
    return after?.inForce
      ? `came into force: ${after.statusGlobal}`
      : `taken out of force: was ${before?.statusGlobal}`;
  }
  const field = (name: string, from: string | null, to: string | null): string | null =>
    from === to ? null : `${name}${from ?? 'none'} -> ${to ?? 'none'}`;
  return [
    field('', before!.statusGlobal, after!.statusGlobal),
    field('review ', dayOrNull(before!.lastReviewDate), dayOrNull(after!.lastReviewDate)),
    field('risk ', numberOrNull(before!.riskScore), numberOrNull(after!.riskScore)),
    before!.ownerEmail === after!.ownerEmail ? null : 'another owner',
  ]
    .filter(Boolean)
    .join(', ');
}

function day(instant: Date): string {
  return instant.toISOString().slice(0, 10);
}

function dayOrNull(instant: Date | null): string | null {
  return instant && day(instant);
}

function numberOrNull(value: number | null): string | null {
  return value === null ? null : String(value);
}
