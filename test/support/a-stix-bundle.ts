type Stix = Record<string, unknown>;

/** A UUID that ends in a number, so that a test can name its objects. */
export function uuid(number: number): string {
  return `00000000-0000-4000-8000-${String(number).padStart(12, '0')}`;
}

/**
 * An attack-pattern in the form that MITRE publishes. `number` identifies it and is the number of its ATT&CK id; a
 * property set to undefined is left out.
 */
export function aTechnique(number: number, properties: Stix & { attackId?: string; source?: string } = {}): Stix {
  const { attackId = `T${number}`, source = 'mitre-attack', ...others } = properties;
  return {
    type: 'attack-pattern',
    id: `attack-pattern--${uuid(number)}`,
    created: '2020-01-30T13:58:14.373Z',
    modified: '2025-04-15T19:58:42.824Z',
    name: `Technique ${number}`,
    description: `The text of technique ${number}. (Citation: A Report)`,
    kill_chain_phases: [{ kill_chain_name: 'mitre-attack', phase_name: 'execution' }],
    external_references: [
      { source_name: 'A Report', url: 'https://example.org/report' },
      { source_name: source, external_id: attackId, url: `https://attack.mitre.org/techniques/${attackId}` },
    ],
    x_mitre_domains: ['enterprise-attack'],
    x_mitre_platforms: ['Windows', 'Linux'],
    x_mitre_version: '1.2',
    x_mitre_is_subtechnique: false,
    spec_version: '2.1',
    ...others,
  };
}

export function aTactic(number: number, properties: Stix = {}): Stix {
  return {
    type: 'x-mitre-tactic',
    id: `x-mitre-tactic--${uuid(number)}`,
    name: `Tactic ${number}`,
    x_mitre_shortname: `tactic-${number}`,
    x_mitre_domains: ['enterprise-attack'],
    external_references: [
      { source_name: 'mitre-attack', external_id: `TA${number}`, url: `https://attack.mitre.org/tactics/TA${number}` },
    ],
    ...properties,
  };
}

/** A relationship between two attack-patterns from {@link aTechnique}. */
export function aRelationship(
  type: 'subtechnique-of' | 'revoked-by',
  source: number,
  target: number,
  properties: Stix = {},
): Stix {
  return {
    type: 'relationship',
    id: `relationship--${uuid(source * 10_000 + target)}`,
    relationship_type: type,
    source_ref: `attack-pattern--${uuid(source)}`,
    target_ref: `attack-pattern--${uuid(target)}`,
    modified: '2025-04-15T19:58:42.824Z',
    ...properties,
  };
}

export function aCollection(version: string, properties: Stix = {}): Stix {
  return {
    type: 'x-mitre-collection',
    id: `x-mitre-collection--${uuid(1)}`,
    name: 'ATT&CK',
    x_mitre_version: version,
    ...properties,
  };
}

/** The text of a STIX 2.1 bundle of these objects. */
export function aBundle(...objects: unknown[]): string {
  return JSON.stringify({ type: 'bundle', id: `bundle--${uuid(0)}`, objects });
}
