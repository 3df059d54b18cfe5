import { ATTACK_DOMAINS, type AttackDomain } from '../words/attack-domain.js';
import { StixBundleError } from './stix-bundle.error.js';
import { isObject, stringsOf, type StixObject } from './stix-objects.js';

/** The kill chain that each domain's tactics belong to. */
export const KILL_CHAIN_OF: Readonly<Record<AttackDomain, string>> = {
  'enterprise-attack': 'mitre-attack',
  'mobile-attack': 'mitre-mobile-attack',
  'ics-attack': 'mitre-ics-attack',
};

/** The share of techniques from other domains up to which a bundle still counts as one of a single domain. */
const MAX_STRAY_SHARE = 0.1;

/** The domains of an object by its `x_mitre_domains`, otherwise by its kill-chain phases; none if it has neither. */
export function domainsOf(object: StixObject): AttackDomain[] {
  const named = stringsOf(object['x_mitre_domains']);
  const byName = ATTACK_DOMAINS.filter((domain) => named.includes(domain));
  if (byName.length > 0) return byName;
  const chains = killChainPhases(object).map((phase) => phase.chain);
  return ATTACK_DOMAINS.filter((domain) => chains.includes(KILL_CHAIN_OF[domain]));
}

export function killChainPhases(object: StixObject): { chain: string; phase: string }[] {
  const phases = object['kill_chain_phases'];
  if (!Array.isArray(phases)) return [];
  return phases
    .filter(isObject)
    .flatMap(({ kill_chain_name: chain, phase_name: phase }) =>
      typeof chain === 'string' && typeof phase === 'string' ? [{ chain, phase }] : [],
    );
}

/**
 * The domain of most techniques, or the requested domain.
 * @throws StixBundleError if the domain cannot be detected, the bundle mixes domains, or it holds nothing of the
 * requested domain
 */
export function detectDomain(attackPatterns: readonly StixObject[], requested?: AttackDomain): AttackDomain {
  const domainLists = attackPatterns.map(domainsOf).filter((domains) => domains.length > 0);
  const votes = ATTACK_DOMAINS.map((domain) => ({
    domain,
    count: domainLists.filter((domains) => domains.includes(domain)).length,
  }))
    .filter(({ count }) => count > 0)
    .sort((a, b) => b.count - a.count);
  const [most] = votes;
  const found = votes.map(({ domain, count }) => `${domain} (${count})`).join(', ');
  if (requested) {
    if (!most || votes.some(({ domain }) => domain === requested)) return requested;
    throw new StixBundleError('domain_mismatch', `the bundle holds no technique of ${requested}; it holds ${found}`);
  }
  if (!most) {
    throw new StixBundleError(
      'unknown_domain',
      `the bundle does not name its domain: give one of ${ATTACK_DOMAINS.join(', ')}`,
    );
  }
  const strays = domainLists.filter((domains) => !domains.includes(most.domain)).length;
  if (strays > domainLists.length * MAX_STRAY_SHARE) {
    throw new StixBundleError(
      'mixed_domains',
      `the bundle holds techniques of several domains, ${found}: give the domain to take from it`,
    );
  }
  return most.domain;
}
