import { Ajv } from 'ajv';

const text = { type: 'string' };
const color = { type: 'string', pattern: '^#[0-9a-fA-F]{6}([0-9a-fA-F]{2})?$' };
const divider = {
  type: 'object',
  required: ['divider'],
  properties: { divider: { type: 'boolean' } },
  additionalProperties: false,
};
const object = (required: string[], properties: object): object => ({
  type: 'object',
  required,
  properties,
  additionalProperties: false,
});
const metadata = { type: 'array', items: { anyOf: [object(['name', 'value'], { name: text, value: text }), divider] } };
const links = {
  type: 'array',
  items: {
    anyOf: [object(['label', 'url'], { label: text, url: { type: 'string', pattern: '^[a-z]+://' } }), divider],
  },
};

/**
 * The ATT&CK Navigator layer file format 4.5 as its specification has it, property by property
 * (https://github.com/mitre-attack/attack-navigator/blob/master/layers/spec/v4.5/layerformat.md).
 */
const LAYER_4_5 = object(['name', 'domain'], {
  name: text,
  versions: object(['navigator', 'layer'], {
    attack: text,
    navigator: { type: 'string', pattern: '^(4\\.(9|[1-9]\\d)|[5-9])' },
    layer: { const: '4.5' },
  }),
  domain: { enum: ['enterprise-attack', 'mobile-attack', 'ics-attack'] },
  description: text,
  customDataURL: text,
  filters: object([], { platforms: { type: 'array', items: text } }),
  sorting: { enum: [0, 1, 2, 3] },
  layout: object([], {
    layout: { enum: ['side', 'flat', 'mini'] },
    showID: { type: 'boolean' },
    showName: { type: 'boolean' },
    showAggregateScores: { type: 'boolean' },
    countUnscored: { type: 'boolean' },
    aggregateFunction: { enum: ['average', 'min', 'max', 'sum'] },
    expandedSubtechniques: { enum: ['none', 'all', 'annotated'] },
  }),
  hideDisabled: { type: 'boolean' },
  techniques: {
    type: 'array',
    items: object(['techniqueID'], {
      techniqueID: { type: 'string', pattern: '^T\\d{4}(\\.\\d{3})?$' },
      tactic: text,
      comment: text,
      enabled: { type: 'boolean' },
      score: { type: 'number' },
      color: { anyOf: [color, { const: '' }] },
      metadata,
      links,
      showSubtechniques: { type: 'boolean' },
    }),
  },
  gradient: object(['colors', 'minValue', 'maxValue'], {
    colors: { type: 'array', items: color, minItems: 2 },
    minValue: { type: 'number' },
    maxValue: { type: 'number' },
  }),
  legendItems: { type: 'array', items: object(['label', 'color'], { label: text, color }) },
  showTacticRowBackground: { type: 'boolean' },
  tacticRowBackground: text,
  selectTechniquesAcrossTactics: { type: 'boolean' },
  selectSubtechniquesWithParent: { type: 'boolean' },
  selectVisibleTechniques: { type: 'boolean' },
  metadata,
  links,
});

const isLayer = new Ajv({ allErrors: true }).compile(LAYER_4_5);

/** Describes the errors of a layer; empty if Navigator can open it. */
export function layerFaults(layer: unknown): string[] {
  if (!isLayer(layer)) return (isLayer.errors ?? []).map(({ instancePath, message }) => `${instancePath} ${message}`);
  const { gradient } = layer as { gradient?: { minValue: number; maxValue: number } };
  return gradient && gradient.maxValue <= gradient.minValue ? ['/gradient/maxValue must be more than minValue'] : [];
}
