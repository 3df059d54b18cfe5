/** An ATT&CK domain as the bundles name it in `x_mitre_domains`. */
export type AttackDomain = 'enterprise-attack' | 'mobile-attack' | 'ics-attack';

export const ATTACK_DOMAINS: readonly AttackDomain[] = ['enterprise-attack', 'mobile-attack', 'ics-attack'];
