import { Injectable } from '@nestjs/common';
import { DataSource, In, type Repository } from 'typeorm';
import type { AlertStatus } from '../common/alerting.js';
import { Clock } from '../common/clock.js';
import { DomainError, notFound } from '../common/errors/index.js';
import { isUuid } from '../common/ids.js';
import type { Page, PageRequest } from '../common/pagination/index.js';
import { queryRows, Transactions } from '../database/index.js';
import { Metrics } from '../metrics/index.js';
import { AlertEvents } from './alert-events.js';
import { AlertInstance } from './alert-instance.entity.js';
import { AlertReader, type InstanceFilters, type InstanceSummary } from './alert-reader.js';

/**
 * The changes of status that a person can make, the statuses that allow them, and the columns for the person and the
 * time.
 */
const TRANSITIONS = {
  acknowledge: {
    from: ['open'],
    to: 'acknowledged',
    by: 'acknowledged_by',
    at: 'acknowledged_at',
    participle: 'acknowledged',
  },
  resolve: {
    from: ['open', 'acknowledged', 'dismissed'],
    to: 'resolved',
    by: 'resolved_by',
    at: 'resolved_at',
    participle: 'resolved',
  },
  dismiss: {
    from: ['open', 'acknowledged'],
    to: 'dismissed',
    by: 'dismissed_by',
    at: 'dismissed_at',
    participle: 'dismissed',
  },
} as const satisfies Record<
  string,
  { from: readonly AlertStatus[]; to: AlertStatus; by: string; at: string; participle: string }
>;
export type Transition = keyof typeof TRANSITIONS;

/** Lists and reads the alerts of one organisation, and changes their status. */
@Injectable()
export class InstancesService {
  constructor(
    private readonly dataSource: DataSource,
    private readonly reader: AlertReader,
    private readonly clock: Clock,
    private readonly metrics: Metrics,
    private readonly transactions: Transactions,
    private readonly events: AlertEvents,
  ) {}

  /** Newest first. */
  list(organizationId: string, filters: InstanceFilters, page: PageRequest): Promise<Page<AlertInstance>> {
    return this.reader.page(organizationId, filters, page);
  }

  async get(organizationId: string, id: string): Promise<AlertInstance> {
    const alert = isUuid(id) ? await this.repository.findOneBy({ organizationId, id }) : null;
    if (!alert) throw notFound('alert', id);
    return alert;
  }

  /** Reads alerts in the order of the ids. Ids of other organisations are left out. */
  async getMany(organizationId: string, ids: readonly string[]): Promise<AlertInstance[]> {
    if (ids.length === 0) return [];
    const alerts = await this.repository.findBy({ organizationId, id: In([...ids]) });
    const byId = new Map(alerts.map((alert) => [alert.id, alert]));
    return ids.flatMap((id) => byId.get(id) ?? []);
  }

  /**
   * Changes the status of an alert and writes the webhook events in the same transaction. If two people act at once,
   * one succeeds and the other gets the error.
   * @throws DomainError `invalid_transition` with the current status, if that does not allow the change.
   */
  async transition(
    organizationId: string,
    id: string,
    transition: Transition,
    actorId: string,
  ): Promise<AlertInstance> {
    const { from, participle } = TRANSITIONS[transition];
    if (!isUuid(id)) throw notFound('alert', id);
    const changed = await this.change(organizationId, id, transition, actorId);
    if (changed) return changed;
    const alert = await this.get(organizationId, id);
    throw new DomainError(
      'invalid_transition',
      `the alert is ${alert.status}: only ${orList(from)} alerts can be ${participle}`,
      [],
      {
        current_status: alert.status,
      },
    );
  }

  /** @returns the changed alert; undefined if its status does not allow the change, or if there is no such alert. */
  private async change(
    organizationId: string,
    id: string,
    transition: Transition,
    actorId: string,
  ): Promise<AlertInstance | undefined> {
    const { from, to, by, at } = TRANSITIONS[transition];
    const now = this.clock.now();
    return this.transactions.run(async (manager) => {
      const [changed] = await queryRows<{ previous: AlertStatus }>(
        manager,
        `UPDATE alert_instance a SET status = $3, ${by} = $4, ${at} = $5, last_sequence = a.last_sequence + 1
         FROM (SELECT status FROM alert_instance WHERE organization_id = $1 AND id = $2 FOR UPDATE) was
         WHERE a.organization_id = $1 AND a.id = $2 AND was.status = ANY ($6)
         RETURNING was.status AS previous`,
        [organizationId, id, to, actorId, now, from],
      );
      if (!changed) return undefined;
      const alert = await manager.findOneByOrFail(AlertInstance, { organizationId, id });
      await this.events.send(manager, alert, { type: `alert.${to}`, actorId, occurredAt: now });
      this.transactions.afterCommit(manager, () => this.metrics.transitioned(changed.previous, to, 'person'));
      return alert;
    });
  }

  summary(organizationId: string): Promise<InstanceSummary> {
    return this.reader.summary(organizationId);
  }

  private get repository(): Repository<AlertInstance> {
    return this.dataSource.getRepository(AlertInstance);
  }
}

/** `open`, `open or acknowledged`, `open, acknowledged or dismissed`. */
function orList(words: readonly string[]): string {
  return words.length < 2 ? words.join() : `${words.slice(0, -1).join(', ')} or ${words.at(-1)}`;
}
