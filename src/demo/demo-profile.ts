import type { DemoPerson } from './demo-users.js';

/** The detection and risk of the insurer in one tactic. */
interface TacticProfile {
  /** How well it detects, from 0 to 1. */
  detection: number;
  /** The base of the risk score of a technique. */
  risk: number;
  /** Whether its detections come from the EDR. */
  reliesOnEdr: boolean;
  /** The owners. A technique and its sub-techniques have the same one. */
  owners: readonly [DemoPerson, ...DemoPerson[]];
}

/** By the short name of the tactic. Detection is good for initial access and execution, and poor for exfiltration. */
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

/** Added to the risk score of a technique on the platform. High where the insurer keeps accounts and documents. */
export const RISK_BY_PLATFORM: Readonly<Record<string, number>> = {
  Windows: 10,
  'Identity Provider': 9,
  'Office Suite': 8,
  SaaS: 6,
  IaaS: 5,
  Linux: 4,
};

/** Platforms that the insurer does not use. */
const PLATFORMS_NOT_IN_USE = ['macOS', 'ESXi'];

export function hasPlatform({ platforms }: { platforms: readonly string[] }, platform: string): boolean {
  return platforms.includes(platform);
}

/** Preparations of an adversary outside the network, and platforms that are not in use, cannot be detected. */
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
