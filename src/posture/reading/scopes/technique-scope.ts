import type { AttackDomain } from '../../../catalogue/words/index.js';

/** Whether sub-techniques are within a scope beside other techniques (`include`, which is as good as unset), left out, or all that there is. */
export const SUB_TECHNIQUES = ['include', 'exclude', 'only'] as const;
export type SubTechniques = (typeof SUB_TECHNIQUES)[number];

/** The most names of a kind that a scope lists. */
export const MAX_SCOPE_NAMES = 100;

/**
 * The techniques that a rule is limited to, as it is kept and sent. A technique is within the scope when it passes all that is set, and of a list any of its names;
 * what is not set lets everything pass.
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

/** As somebody sends it. */
export type SentScope = Omit<TechniqueScope, 'sub_techniques'> & { sub_techniques?: SubTechniques };

/** How many are named before the others are counted. */
const NAMED = 5;

/** What a scope lets pass, to go on with after `techniques`: `in Initial Access on Windows, tagged crown-jewels`. */
export function scopeInWords(scope: TechniqueScope): string {
  const { domains, tactics, platforms, attack_ids: attackIds, owners, tags, sub_techniques: subTechniques } = scope;
  const parts = [
    tactics && `in ${listed(tactics.map(titled))}`,
    platforms && `on ${listed(platforms)}`,
    domains && `of ${listed(domains.map(domainInWords))}`,
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

/** ATT&CK's name of a tactic follows from its short name: `command-and-control` is Command and Control. */
function titled(shortname: string): string {
  return shortname
    .replace(/(^|-)(?!(?:and|of|the)-)(\p{L})/gu, (_, dash: string, letter: string) => dash + letter.toUpperCase())
    .replaceAll('-', ' ');
}

function domainInWords(domain: AttackDomain): string {
  return { 'enterprise-attack': 'Enterprise', 'mobile-attack': 'Mobile', 'ics-attack': 'ICS' }[domain];
}
