import type { KeptStatus, PostureImportPlan } from '../plan/plan-posture-import.js';
import type { ReadPostureFile } from '../reading/posture-file-messages.js';

/** How many entries of each list are stored. The counts include all entries. */
export const MAX_LISTED = 500;

/**
 * Counts, as stored and answered. Each id in `techniques` is silent, unmapped, out of scope or a problem (its owner is
 * unknown), or it leads to a technique that is changed or unchanged. Several ids may lead to one technique.
 */
export interface PostureImportCounts {
  /** Entries of the file, usable or not. */
  entries: number;
  /** Different ids that the usable entries name. */
  techniques: number;
  changed: number;
  unchanged: number;
  /** Techniques whose status was not taken. Their other fields may change. */
  kept: number;
  /** Ids without a statement in the file: not scored, or disabled. */
  silent: number;
  unmapped: number;
  out_of_scope: number;
  remapped: number;
  problems: number;
}

/** The summary of a plan, as stored and answered. */
export interface PostureImportOverview {
  /** The name that the file gives itself. */
  source_name: string | null;
  /** The ATT&CK release that the file was made for, if it says so. */
  attack_version: string | null;
  counts: PostureImportCounts;
}

/** The details of a plan, as stored and answered. The changes are stored separately. */
export interface PostureImportLists {
  /** The releases of the catalogue when the import was planned. */
  catalogue: { domain: string; attack_version: string | null }[];
  kept: { attack_id: string; status: string; proposed: string; reason: KeptStatus['reason'] }[];
  unmapped: { attack_id: string; reason: string }[];
  out_of_scope: { attack_id: string; reason: string }[];
  remapped: { attack_id: string; to_attack_id: string }[];
  problems: { at: string; message: string }[];
  /** Absent in imports that were stored before there were hints. */
  hints?: string[];
}

export function overviewOf(read: ReadPostureFile, plan: PostureImportPlan): PostureImportOverview {
  return {
    source_name: read.name,
    attack_version: read.attackVersion,
    counts: {
      entries: read.entryCount,
      techniques: read.proposals.length + read.silent,
      changed: plan.changes.length,
      unchanged: plan.unchanged,
      kept: plan.kept.length,
      silent: read.silent,
      unmapped: plan.unmapped.length,
      out_of_scope: plan.outOfScope.length,
      remapped: plan.remapped.length,
      problems: read.problems.count + plan.problems.length,
    },
  };
}

export function listsOf(read: ReadPostureFile, plan: PostureImportPlan): PostureImportLists {
  const { catalogue, kept, unmapped, outOfScope, remapped } = plan;
  return {
    catalogue: catalogue.map(({ domain, attackVersion }) => ({ domain, attack_version: attackVersion })),
    kept: listed(kept, ({ attackId, status, proposed, reason }) => ({ attack_id: attackId, status, proposed, reason })),
    unmapped: listed(unmapped, ({ attackId, reason }) => ({ attack_id: attackId, reason })),
    out_of_scope: listed(outOfScope, ({ attackId, reason }) => ({ attack_id: attackId, reason })),
    remapped: listed(remapped, ({ attackId, toAttackId }) => ({ attack_id: attackId, to_attack_id: toAttackId })),
    problems: [...read.problems.listed, ...plan.problems].slice(0, MAX_LISTED),
    hints: listed(read.hints ?? [], (hint) => hint),
  };
}

function listed<From, To>(items: readonly From[], map: (item: From) => To): To[] {
  return items.slice(0, MAX_LISTED).map(map);
}
