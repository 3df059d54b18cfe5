import type { DemoPerson } from './demo-users.js';

/** What the insurer is like in one tactic. */
interface TacticProfile {
  /** How well it detects, 0 to 1. */
  detection: number;
  /** The risk score that a technique begins with. */
  risk: number;
  /** Whether what it detects there comes from the EDR. */
  reliesOnEdr: boolean;
  /** Who looks after it; a technique and its sub-techniques have one owner. */
  owners: readonly [DemoPerson, ...DemoPerson[]];
}

/** By the short name of the tactic: good at the door and at what runs, poor at what leaves. */
export const HARBOUR_TACTICS: Readonly<Record<string, TacticProfile>> = {
  'initial-access': { detection: 0.82, risk: 52, reliesOnEdr: false, owners: ['amara'] },
  execution: { detection: 0.85, risk: 44, reliesOnEdr: false, owners: ['amara'] },
  persistence: { detection: 0.58, risk: 40, reliesOnEdr: true, owners: ['jonas'] },
  'privilege-escalation': { detection: 0.56, risk: 46, reliesOnEdr: true, owners: ['jonas'] },
  'defense-evasion': { detection: 0.5, risk: 40, reliesOnEdr: true, owners: ['mei', 'jonas', 'blueLead'] },
  'credential-access': { detection: 0.62, risk: 54, reliesOnEdr: false, owners: ['mei'] },
  discovery: { detection: 0.34, risk: 22, reliesOnEdr: false, owners: ['mei', 'amara'] },
  'lateral-movement': { detection: 0.5, risk: 50, reliesOnEdr: true, owners: ['devon'] },
  collection: { detection: 0.16, risk: 38, reliesOnEdr: false, owners: ['amara', 'mei'] },
  'command-and-control': { detection: 0.42, risk: 42, reliesOnEdr: false, owners: ['devon'] },
  exfiltration: { detection: 0.13, risk: 50, reliesOnEdr: false, owners: ['devon', 'amara'] },
  impact: { detection: 0.45, risk: 56, reliesOnEdr: false, owners: ['blueLead'] },
  reconnaissance: { detection: 0.06, risk: 16, reliesOnEdr: false, owners: ['redLead'] },
  'resource-development': { detection: 0.02, risk: 10, reliesOnEdr: false, owners: ['redLead'] },
};

/** What a platform adds to the risk score of a technique on it: where the insurer keeps its people and its policies. */
export const RISK_BY_PLATFORM: Readonly<Record<string, number>> = {
  Windows: 10,
  'Identity Provider': 9,
  'Office Suite': 8,
  SaaS: 6,
  IaaS: 5,
  Linux: 4,
};

/** Platforms that the insurer has none of. */
const PLATFORMS_NOT_IN_USE = ['macOS', 'ESXi'];

export function hasPlatform({ platforms }: { platforms: readonly string[] }, platform: string): boolean {
  return platforms.includes(platform);
}

/** What an adversary does at home cannot be seen from here, nor can what needs a platform that is not in use. */
export function isOutOfScope({
  tactics,
  platforms,
}: {
  tactics: readonly string[];
  platforms: readonly string[];
}): boolean {
  if (tactics.length > 0 && tactics.every((tactic) => tactic === 'resource-development')) return true;
  return platforms.length > 0 && platforms.every((platform) => PLATFORMS_NOT_IN_USE.includes(platform));
}
