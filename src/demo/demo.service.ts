import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { conflict } from '../common/errors/index.js';
import { queryRows } from '../database/index.js';
import { planChanges } from './demo-changes.js';
import { DemoEndpoint } from './demo-endpoint.js';
import type { DemoRule } from './demo-firings.js';
import { planPastAlerts } from './demo-past-alerts.js';
import { planVersions } from './demo-past-posture.js';
import { DemoPeople } from './demo-people.js';
import { planPosture, type DemoTechnique } from './demo-posture.js';
import { planQueue } from './demo-queue.js';
import { planSnapshots } from './demo-snapshots.js';
import { DemoWriter } from './demo-writer.js';

export interface DemoInput {
  /** The organisation to fill. It has posture rows and system rules, and is marked as a demo. */
  organizationId: string;
  /** The history ends at this instant. The same instant gives the same rows, apart from ids. */
  now: Date;
  /** The target of webhooks. Without it, no endpoint is created. */
  receiverUrl?: string | undefined;
}

/** Fills the demo organisation with 120 days of history of an insurer, which lost coverage with a new EDR yesterday. */
@Injectable()
export class DemoService {
  constructor(
    private readonly people: DemoPeople,
    private readonly endpoint: DemoEndpoint,
    private readonly writer: DemoWriter,
  ) {}

  /**
   * Fills the organisation once. Later starts only set the URL of the endpoint.
   * @throws DomainError `conflict` if the organisation is not a demo: generated data must not mix with real data.
   */
  async fill(manager: EntityManager, { organizationId, now, receiverUrl }: DemoInput): Promise<void> {
    await this.refuseRealOrganization(manager, organizationId);
    if (await this.isFilled(manager, organizationId)) {
      if (receiverUrl) await this.endpoint.move(manager, organizationId, receiverUrl, now);
      return;
    }
    const users = await this.people.create(manager, organizationId, now);
    const posture = planPosture(await this.catalogue(manager, organizationId), now);
    const changes = planChanges(posture, now);
    const queue = planQueue(posture, new Set(changes.map(({ techniqueId }) => techniqueId)), now);
    const snapshots = planSnapshots(posture, now);
    const alerts = planPastAlerts(await this.systemRules(manager, organizationId), posture, snapshots, now);
    await this.writer.writePosture(manager, organizationId, planVersions(posture, now), users);
    await this.writer.writeChanges(manager, organizationId, changes);
    await this.writer.writeQueue(manager, organizationId, queue, users);
    await this.writer.writeSnapshots(manager, organizationId, snapshots);
    await this.writer.writeAlerts(manager, organizationId, alerts, users);
    if (receiverUrl) await this.endpoint.create(manager, organizationId, receiverUrl, now);
  }

  private async refuseRealOrganization(manager: EntityManager, organizationId: string): Promise<void> {
    const [organization] = await queryRows<{ is_demo: boolean }>(
      manager,
      'SELECT is_demo FROM organization WHERE id = $1',
      [organizationId],
    );
    if (organization?.is_demo) return;
    throw conflict(
      'VEDETTE_DEMO is set, but this database has an organisation that is not a demo: set another VEDETTE_DATA_DIR for the demo',
    );
  }

  private async isFilled(manager: EntityManager, organizationId: string): Promise<boolean> {
    const [row] = await queryRows<{ exists: boolean }>(
      manager,
      'SELECT EXISTS (SELECT FROM posture_snapshot WHERE organization_id = $1) AS exists',
      [organizationId],
    );
    return row?.exists === true;
  }

  private catalogue(manager: EntityManager, organizationId: string): Promise<DemoTechnique[]> {
    return queryRows(
      manager,
      `SELECT t.id, t.attack_id AS "attackId", t.parent_id AS "parentId", t.tactics, t.platforms
       FROM posture p JOIN technique t ON t.id = p.technique_id
       WHERE p.organization_id = $1 AND t.in_force`,
      [organizationId],
    );
  }

  private systemRules(manager: EntityManager, organizationId: string): Promise<DemoRule[]> {
    return queryRows(
      manager,
      `SELECT id, system_key AS key, name, rule_type AS "ruleType", severity, config
       FROM alert_rule WHERE organization_id = $1 AND system_key IS NOT NULL ORDER BY created_at, id`,
      [organizationId],
    );
  }
}
