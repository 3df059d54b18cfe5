import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { CatalogueStore } from '../catalogue/index.js';
import { addPastAlerts, type PastStatusChange } from '../instances/index.js';
import { addPastNotifications } from '../notifications/index.js';
import { followPastModifications, writePastPosture } from '../posture/index.js';
import { addPastQueueItems } from '../revalidation/index.js';
import { RuleSchedules } from '../rules/index.js';
import { addPastSnapshots } from '../snapshots/index.js';
import type { DemoChange } from './demo-changes.js';
import type { DemoAlert, StatusChange } from './demo-past-alerts.js';
import type { DemoVersion } from './demo-past-posture.js';
import type { DemoUserIds } from './demo-people.js';
import type { DemoQueueItem } from './demo-queue.js';
import type { DemoSnapshot } from './demo-snapshots.js';
import type { DemoPerson } from './demo-users.js';

/** Writes the planned history through the modules that own the tables. */
@Injectable()
export class DemoWriter {
  constructor(
    private readonly catalogue: CatalogueStore,
    private readonly schedules: RuleSchedules,
  ) {}

  async writePosture(
    manager: EntityManager,
    organizationId: string,
    versions: readonly DemoVersion[][],
    users: DemoUserIds,
  ): Promise<void> {
    const past = versions.map((ofTechnique) =>
      ofTechnique.map(({ technique, owner, updatedBy, ...version }) => ({
        ...version,
        techniqueId: technique.id,
        ownerId: userId(owner, users),
        updatedBy: users[updatedBy],
      })),
    );
    await writePastPosture(manager, organizationId, past);
  }

  /** Writes the dates to the catalogue, which only the demo uses, and to their copies in posture. */
  async writeChanges(manager: EntityManager, organizationId: string, changes: readonly DemoChange[]): Promise<void> {
    const modified = new Map(changes.map(({ techniqueId, at }) => [techniqueId, at]));
    await this.catalogue.setModifiedAsOf(manager, modified);
    await followPastModifications(manager, organizationId, modified);
  }

  async writeQueue(
    manager: EntityManager,
    organizationId: string,
    items: readonly DemoQueueItem[],
    users: DemoUserIds,
  ): Promise<void> {
    const past = items.map(({ assignee, createdBy, ...item }) => ({
      ...item,
      assigneeId: userId(assignee, users),
      createdBy: users[createdBy],
    }));
    await addPastQueueItems(manager, organizationId, past);
  }

  async writeSnapshots(
    manager: EntityManager,
    organizationId: string,
    snapshots: readonly DemoSnapshot[],
  ): Promise<void> {
    await addPastSnapshots(manager, organizationId, snapshots);
  }

  /** Writes the alerts, the last firings of their rules, and the read notifications. */
  async writeAlerts(
    manager: EntityManager,
    organizationId: string,
    alerts: readonly DemoAlert[],
    users: DemoUserIds,
  ): Promise<void> {
    const past = alerts.map(({ rule, acknowledged, resolved, dismissed, ...alert }) => ({
      ...alert,
      ruleId: rule.id,
      ruleName: rule.name,
      ruleType: rule.ruleType,
      severity: rule.severity,
      acknowledged: toPastStatusChange(acknowledged, users),
      resolved: toPastStatusChange(resolved, users),
      dismissed: toPastStatusChange(dismissed, users),
    }));
    await addPastAlerts(manager, organizationId, past);
    // The alerts are sorted oldest first, so the Map keeps the last one of each rule.
    const lastFiredAt = new Map(alerts.map(({ rule, createdAt }) => [rule.id, createdAt]));
    await this.schedules.noteFiredAsOf(manager, organizationId, lastFiredAt);
    await addPastNotifications(manager, organizationId);
  }
}

function toPastStatusChange(one: StatusChange | null, users: DemoUserIds): PastStatusChange | null {
  return one && { by: users[one.by], at: one.at };
}

function userId(person: DemoPerson | null, users: DemoUserIds): string | null {
  return person === null ? null : users[person];
}
