import { Injectable } from '@nestjs/common';
import { DataSource, In, type Repository, type SelectQueryBuilder } from 'typeorm';
import { SEVERITIES, type AlertStatus, type Severity } from '../common/alerting.js';
import { Clock } from '../common/clock.js';
import { DomainError, notFound } from '../common/errors/index.js';
import { isUuid } from '../common/ids.js';
import type { Page, PageRequest } from '../common/pagination/index.js';
import { keysetPage, queryRows } from '../database/index.js';
import { AlertInstance } from './alert-instance.entity.js';

export interface InstanceFilters {
  status?: AlertStatus;
  severity?: Severity;
  ruleType?: string;
  ruleId?: string;
}

export interface InstanceSummary {
  byStatus: Record<AlertStatus, number>;
  openBySeverity: Record<Severity, number>;
  openByRuleType: Record<string, number>;
  recent: AlertInstance[];
}

/** What a person may do with an alert, from which statuses, and where it is kept. */
const TRANSITIONS = {
  acknowledge: {
    from: ['open'],
    to: 'acknowledged',
    by: 'acknowledgedBy',
    at: 'acknowledgedAt',
    participle: 'acknowledged',
  },
  resolve: {
    from: ['open', 'acknowledged', 'dismissed'],
    to: 'resolved',
    by: 'resolvedBy',
    at: 'resolvedAt',
    participle: 'resolved',
  },
  dismiss: {
    from: ['open', 'acknowledged'],
    to: 'dismissed',
    by: 'dismissedBy',
    at: 'dismissedAt',
    participle: 'dismissed',
  },
} as const satisfies Record<
  string,
  { from: readonly AlertStatus[]; to: AlertStatus; by: string; at: string; participle: string }
>;
export type Transition = keyof typeof TRANSITIONS;

/** Alerts of one organisation: list, read, and their lifecycle. */
@Injectable()
export class InstancesService {
  constructor(
    private readonly dataSource: DataSource,
    private readonly clock: Clock,
  ) {}

  /** Newest first. */
  list(organizationId: string, filters: InstanceFilters, page: PageRequest): Promise<Page<AlertInstance>> {
    return keysetPage(this.matching(organizationId, filters), 'createdAt', 'DESC', page);
  }

  async get(organizationId: string, id: string): Promise<AlertInstance> {
    const alert = isUuid(id) ? await this.repository.findOneBy({ organizationId, id }) : null;
    if (!alert) throw notFound('alert', id);
    return alert;
  }

  /** Alerts by id, in the order of the ids; ids of other organisations are left out. */
  async getMany(organizationId: string, ids: readonly string[]): Promise<AlertInstance[]> {
    if (ids.length === 0) return [];
    const alerts = await this.repository.findBy({ organizationId, id: In([...ids]) });
    const byId = new Map(alerts.map((alert) => [alert.id, alert]));
    return ids.flatMap((id) => byId.get(id) ?? []);
  }

  /**
   * Takes an alert to its next status. Of two people acting at once one wins, and the other is told how it stands.
   * @throws DomainError `invalid_transition` naming the status that stands in the way.
   */
  async transition(
    organizationId: string,
    id: string,
    transition: Transition,
    actorId: string,
  ): Promise<AlertInstance> {
    const { from, to, by, at, participle } = TRANSITIONS[transition];
    if (!isUuid(id)) throw notFound('alert', id);
    const { affected } = await this.repository.update(
      { organizationId, id, status: In([...from]) },
      { status: to, [by]: actorId, [at]: this.clock.now() },
    );
    const alert = await this.get(organizationId, id);
    if (affected) return alert;
    throw new DomainError(
      'invalid_transition',
      `the alert is ${alert.status}: only ${orList(from)} alerts can be ${participle}`,
      [],
      {
        current_status: alert.status,
      },
    );
  }

  async summary(organizationId: string): Promise<InstanceSummary> {
    const [counts, recent] = await Promise.all([
      queryRows<{ status: AlertStatus; severity: Severity; rule_type: string; count: number }>(
        this.dataSource,
        `SELECT status, severity, rule_type, count(*)::integer AS count FROM alert_instance WHERE organization_id = $1
         GROUP BY status, severity, rule_type ORDER BY rule_type`,
        [organizationId],
      ),
      this.matching(organizationId, { status: 'open' })
        .orderBy('alert.createdAt', 'DESC')
        .addOrderBy('alert.id', 'DESC')
        .limit(5)
        .getMany(),
    ]);
    const byStatus = { open: 0, acknowledged: 0, resolved: 0, dismissed: 0 };
    const openBySeverity = Object.fromEntries(SEVERITIES.map((severity) => [severity, 0])) as Record<Severity, number>;
    const openByRuleType: Record<string, number> = {};
    for (const row of counts) {
      byStatus[row.status] += row.count;
      if (row.status !== 'open') continue;
      openBySeverity[row.severity] += row.count;
      openByRuleType[row.rule_type] = (openByRuleType[row.rule_type] ?? 0) + row.count;
    }
    return { byStatus, openBySeverity, openByRuleType, recent };
  }

  private get repository(): Repository<AlertInstance> {
    return this.dataSource.getRepository(AlertInstance);
  }

  private matching(organizationId: string, filters: InstanceFilters): SelectQueryBuilder<AlertInstance> {
    const query = this.repository
      .createQueryBuilder('alert')
      .where('alert.organizationId = :organizationId', { organizationId });
    if (filters.status !== undefined) query.andWhere('alert.status = :status', { status: filters.status });
    if (filters.severity !== undefined) query.andWhere('alert.severity = :severity', { severity: filters.severity });
    if (filters.ruleType !== undefined) query.andWhere('alert.ruleType = :ruleType', { ruleType: filters.ruleType });
    if (filters.ruleId !== undefined) query.andWhere('alert.ruleId = :ruleId', { ruleId: filters.ruleId });
    return query;
  }
}

/** `open`, `open or acknowledged`, `open, acknowledged or dismissed`. */
function orList(words: readonly string[]): string {
  return words.length < 2 ? words.join() : `${words.slice(0, -1).join(', ')} or ${words.at(-1)}`;
}
