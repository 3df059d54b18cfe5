import type { EntityManager } from 'typeorm';
import { insertRecords, queryRows } from '../database/index.js';

/** A snapshot of a day in the past. The counts have the names of their columns. */
export interface PastSnapshot {
  /** `YYYY-MM-DD`. */
  date: string;
  takenAt: Date;
  total: number;
  validated: number;
  partial: number;
  in_progress: number;
  not_covered: number;
  not_evaluated: number;
  coverage_pct: number;
  tactics: object | null;
}

/** Adds snapshots of the past, with the releases that are loaded now. Only the generated demo may use it. */
export async function addPastSnapshots(
  manager: EntityManager,
  organizationId: string,
  snapshots: readonly PastSnapshot[],
): Promise<void> {
  const [loaded] = await queryRows<{ versions: Record<string, string> }>(
    manager,
    `SELECT coalesce(jsonb_object_agg(domain, attack_version), '{}') AS versions
     FROM (SELECT DISTINCT ON (domain) domain, attack_version FROM catalogue_import WHERE undone_at IS NULL ORDER BY domain, created_at DESC, id DESC) newest`,
  );
  await insertRecords(
    manager,
    'posture_snapshot',
    organizationId,
    snapshots.map(({ date, takenAt, ...counts }) => ({
      snapshot_date: date,
      ...counts,
      source: 'scheduled',
      created_at: takenAt,
      updated_at: takenAt,
      version: 1,
      valid_from: takenAt,
      rollup: 'flat',
      formula_version: 1,
      attack_versions: loaded!.versions,
      taken_at: takenAt,
    })),
  );
}
