import type { AttackDomain } from '../../../catalogue/words/index.js';

/**
 * Whether a scope has techniques and sub-techniques (`include`, the same as unset), no sub-techniques, or only
 * sub-techniques.
 */
export const SUB_TECHNIQUES = ['include', 'exclude', 'only'] as const;
export type SubTechniques = (typeof SUB_TECHNIQUES)[number];

/** The most names in one list of a scope. */
export const MAX_SCOPE_NAMES = 100;

/**
 * The limit of a rule, as stored and sent. A technique is within the scope if it matches every field; a list matches if
 * any of its names does. A field that is not set does not limit.
 */
export interface TechniqueScope {
  domains?: AttackDomain[];
  /** Short names, such as `initial-access`. */
  tactics?: string[];
  platforms?: string[];
  /** A technique's id covers its sub-techniques. */
  attack_ids?: string[];
  /** Ids of users. */
  owners?: string[];
  /** In lower case. */
  tags?: string[];
  sub_techniques?: Exclude<SubTechniques, 'include'>;
}

/** A scope as clients send it. */
export type SentScope = Omit<TechniqueScope, 'sub_techniques'> & { sub_techniques?: SubTechniques };

/** How many names are listed before the rest is counted. */
const NAMED = 5;

/** Describes a scope, to follow the word `techniques`: `in Initial Access on Windows, tagged crown-jewels`. */
export function describeScope(scope: TechniqueScope): string {
  const { domains, tactics, platforms, attack_ids: attackIds, owners, tags, sub_techniques: subTechniques } = scope;
  const parts = [
    tactics && `in ${listed(tactics.map(tacticName))}`,
    platforms && `on ${listed(platforms)}`,
    domains && `of ${listed(domains.map(domainName))}`,
  ].filter((part) => part !== undefined);
  const further = [
    attackIds && `among ${listed(attackIds)}`,
    owners && (owners.length === 1 ? 'of one owner' : `of ${owners.length} owners`),
    tags && `tagged ${listed(tags)}`,
    subTechniques && (subTechniques === 'only' ? 'sub-techniques only' : 'without sub-techniques'),
  ].filter((part) => part !== undefined);
  return [parts.join(' '), ...further].filter((part) => part !== '').join(', ');
}

/** `A`, `A or B`, `A, B or C`, `A, B, C, D, E or 3 others`. */
function listed(names: readonly string[]): string {
  const shown = names.length > NAMED + 1 ? [...names.slice(0, NAMED), `${names.length - NAMED} others`] : names;
  return shown.length === 1 ? shown[0]! : `${shown.slice(0, -1).join(', ')} or ${shown.at(-1)!}`;
}

/** Derives ATT&CK's name of a tactic from its short name: `command-and-control` is Command and Control. */
function tacticName(shortname: string): string {
  return shortname
    .replace(/(^|-)(?!(?:and|of|the)-)(\p{L})/gu, (_, dash: string, letter: string) => dash + letter.toUpperCase())
    .replaceAll('-', ' ');
}

function domainName(domain: AttackDomain): string {
  return { 'enterprise-attack': 'Enterprise', 'mobile-attack': 'Mobile', 'ics-attack': 'ICS' }[domain];
}
