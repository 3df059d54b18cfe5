import type { EntityManager } from 'typeorm';
import { ALERT_AUDIENCE } from '../common/access/index.js';
import { newId } from '../common/ids.js';
import { queryRows } from '../database/index.js';
import type { DemoChange } from './demo-changes.js';
import type { DemoAlert, Touch } from './demo-past-alerts.js';
import type { DemoVersion } from './demo-past-posture.js';
import type { DemoUserIds } from './demo-people.js';
import type { DemoQueueItem } from './demo-queue.js';
import type { DemoSnapshot } from './demo-snapshots.js';
import type { DemoPerson } from './demo-users.js';

/** One statement a table: the rows go over as one JSON document. */

/**
 * The rows are made anew, because a version may not begin before the one that it supersedes, and what the demo tells began months ago. Each further version of them is an
 * update of its own, whose predecessors the database keeps.
 */
export async function writePosture(
  manager: EntityManager,
  organizationId: string,
  versions: readonly DemoVersion[][],
  users: DemoUserIds,
): Promise<void> {
  const techniqueIds = versions.map(([first]) => first!.technique.id);
  await manager.query('DELETE FROM posture WHERE organization_id = $1 AND technique_id = ANY ($2::uuid[])', [
    organizationId,
    techniqueIds,
  ]);
  const rowsOf = (index: number): string =>
    JSON.stringify(versions.flatMap((ofTechnique) => toPostureRow(ofTechnique[index], users)));
  const from = `jsonb_to_recordset($2::jsonb) AS r (technique_id uuid, status_global text, last_review_date timestamptz, risk_score float8,
       owner_id uuid, updated_at timestamptz, updated_by uuid)`;
  await manager.query(
    `INSERT INTO posture (organization_id, technique_id, status_global, last_review_date, risk_score, owner_id, in_force, mitre_last_modified,
       updated_at, updated_by, valid_from, change_source)
     SELECT $1, t.id, r.status_global, r.last_review_date, r.risk_score, r.owner_id, t.in_force, t.mitre_last_modified,
       r.updated_at, r.updated_by, r.updated_at, 'demo'
     FROM ${from} JOIN technique t ON t.id = r.technique_id`,
    [organizationId, rowsOf(0)],
  );
  for (let index = 1; versions.some(({ length }) => length > index); index++) {
    await manager.query(
      `UPDATE posture p SET status_global = r.status_global, last_review_date = r.last_review_date, risk_score = r.risk_score, owner_id = r.owner_id,
         updated_at = r.updated_at, updated_by = r.updated_by, version = p.version + 1, valid_from = r.updated_at
       FROM ${from} WHERE p.organization_id = $1 AND p.technique_id = r.technique_id`,
      [organizationId, rowsOf(index)],
    );
  }
}

function toPostureRow(version: DemoVersion | undefined, users: DemoUserIds): object | [] {
  if (!version) return [];
  return {
    technique_id: version.technique.id,
    status_global: version.status,
    last_review_date: version.lastReviewDate,
    risk_score: version.riskScore,
    owner_id: userId(version.owner, users),
    updated_at: version.updatedAt,
    updated_by: users[version.updatedBy],
  };
}

/** The stamps stand in the shared catalogue, which is the demo's own, and in the copies that posture keeps of them. */
export async function writeChanges(
  manager: EntityManager,
  organizationId: string,
  changes: readonly DemoChange[],
): Promise<void> {
  const parameters = [changes.map(({ techniqueId }) => techniqueId), changes.map(({ at }) => at)];
  const from = 'FROM unnest($1::uuid[], $2::timestamptz[]) AS c (technique_id, at)';
  await manager.query(
    `UPDATE technique t SET mitre_last_modified = c.at, mitre_modified_raw = c.at ${from} WHERE t.id = c.technique_id`,
    parameters,
  );
  await manager.query(
    `UPDATE posture p SET mitre_last_modified = c.at, version = p.version + 1, valid_from = c.at ${from}
     WHERE p.organization_id = $3 AND p.technique_id = c.technique_id`,
    [...parameters, organizationId],
  );
}

export async function writeQueue(
  manager: EntityManager,
  organizationId: string,
  items: readonly DemoQueueItem[],
  users: DemoUserIds,
): Promise<void> {
  const rows = items.map((item) => ({
    id: newId(),
    technique_id: item.techniqueId,
    status: item.status,
    reason: item.reason,
    assignee_id: userId(item.assignee, users),
    due_at: item.dueAt,
    created_by: users[item.createdBy],
    created_at: item.createdAt,
    updated_at: item.updatedAt,
    completed_at: item.completedAt,
    version: item.completedAt === null ? 1 : 2,
    valid_from: item.updatedAt,
  }));
  await insert(manager, organizationId, 'revalidation_item', rows);
  // What is finished waited before.
  await manager.query(
    `INSERT INTO revalidation_item_history (organization_id, id, technique_id, version, valid_from, valid_to, status, due_at, created_at, changed_by)
     SELECT organization_id, id, technique_id, 1, created_at, valid_from, 'pending', due_at, created_at, created_by
     FROM revalidation_item WHERE organization_id = $1 AND version = 2`,
    [organizationId],
  );
}

export async function writeSnapshots(
  manager: EntityManager,
  organizationId: string,
  snapshots: readonly DemoSnapshot[],
): Promise<void> {
  const [loaded] = await queryRows<{ versions: Record<string, string> }>(
    manager,
    `SELECT coalesce(jsonb_object_agg(domain, attack_version), '{}') AS versions
     FROM (SELECT DISTINCT ON (domain) domain, attack_version FROM catalogue_import WHERE undone_at IS NULL ORDER BY domain, created_at DESC, id DESC) newest`,
  );
  const rows = snapshots.map(({ date, takenAt, ...counts }) => ({
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
  }));
  await insert(manager, organizationId, 'posture_snapshot', rows);
}

/** The alerts, when their rules last fired, and what was read of them in the app. */
export async function writeAlerts(
  manager: EntityManager,
  organizationId: string,
  alerts: readonly DemoAlert[],
  users: DemoUserIds,
): Promise<void> {
  const rows = alerts.map((alert) => ({
    id: newId(),
    rule_id: alert.rule.id,
    rule_name: alert.rule.name,
    rule_type: alert.rule.ruleType,
    severity: alert.rule.severity,
    title: alert.title,
    message: alert.message,
    details: alert.details,
    status: alert.status,
    occurrence_count: 1,
    last_occurred_at: alert.createdAt,
    ...touched('acknowledged', alert.acknowledged, users),
    ...touched('resolved', alert.resolved, users),
    ...touched('dismissed', alert.dismissed, users),
    created_at: alert.createdAt,
  }));
  await insert(manager, organizationId, 'alert_instance', rows);
  await manager.query(
    `UPDATE rule_state s SET last_fired_at = a.fired_at, last_evaluated_at = a.fired_at
     FROM (SELECT rule_id, max(created_at) AS fired_at FROM alert_instance WHERE organization_id = $1 GROUP BY rule_id) a
     WHERE s.organization_id = $1 AND s.rule_id = a.rule_id`,
    [organizationId],
  );
  await manager.query(
    `INSERT INTO notification (id, organization_id, user_id, alert_id, event, severity, title, message, created_at, read_at)
     SELECT vedette_uuidv7(), a.organization_id, m.user_id, a.id, 'alert.fired', a.severity, a.title, a.message, a.created_at,
       a.created_at + interval '90 minutes'
     FROM alert_instance a
     JOIN membership m ON m.organization_id = a.organization_id AND m.is_active AND m.role = ANY ($2::text[])
     WHERE a.organization_id = $1`,
    [organizationId, ALERT_AUDIENCE],
  );
}

/** Each row names the same columns. */
async function insert(
  manager: EntityManager,
  organizationId: string,
  table: string,
  rows: readonly Record<string, unknown>[],
): Promise<void> {
  if (rows.length === 0) return;
  const columns = Object.keys(rows[0]!).join(', ');
  await manager.query(
    `INSERT INTO ${table} (organization_id, ${columns})
     SELECT $1, ${columns} FROM jsonb_populate_recordset(NULL::${table}, $2::jsonb)`,
    [organizationId, JSON.stringify(rows)],
  );
}

function touched(what: string, touch: Touch | null, users: DemoUserIds): Record<string, unknown> {
  return { [`${what}_by`]: userId(touch?.by ?? null, users), [`${what}_at`]: touch?.at ?? null };
}

function userId(person: DemoPerson | null, users: DemoUserIds): string | null {
  return person === null ? null : users[person];
}
