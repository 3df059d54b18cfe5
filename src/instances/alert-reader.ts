import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { ALERT_STATUSES, SEVERITIES, type AlertStatus, type Severity } from '../common/alerting.js';
import type { Page, PageRequest } from '../common/pagination/index.js';
import { pageOf, queryRows } from '../database/index.js';
import { AlertInstance } from './alert-instance.entity.js';

export interface InstanceFilters {
  status?: AlertStatus;
  severity?: Severity;
  ruleType?: string;
  ruleId?: string;
}

export interface InstanceSummary {
  byStatus: Record<AlertStatus, number>;
  bySeverity: Record<Severity, number>;
  byRuleType: Record<string, number>;
  openBySeverity: Record<Severity, number>;
  openByRuleType: Record<string, number>;
  recent: AlertInstance[];
}

const NEWEST_FIRST = 'ORDER BY a.created_at DESC, a.id DESC';

/** The number of open alerts that a summary shows. */
const RECENT = 5;

/**
 * Reads alerts at a cost that depends neither on the number of alerts nor on the depth of a page: rows by an index
 * that ends in (created_at, id), numbers from `alert_count`. One statement reads a page, so its rows and its total show
 * the same instant.
 */
@Injectable()
export class AlertReader {
  constructor(private readonly dataSource: DataSource) {}

  /** Newest first. */
  async page(organizationId: string, filters: InstanceFilters, page: PageRequest): Promise<Page<AlertInstance>> {
    const parameters: unknown[] = [];
    const bind = (value: unknown): string => `$${parameters.push(value)}`;
    const organization = bind(organizationId);
    const given: Given = {};
    for (const filter of FILTERS) if (filters[filter] !== undefined) given[filter] = bind(filters[filter]);
    const conditions = [
      `a.organization_id = ${organization}`,
      ...FILTERS.filter((filter) => given[filter]).map((filter) => `a.${COLUMN_OF_FILTER[filter]} = ${given[filter]}`),
    ];
    const beyond = page.cursor
      ? [`(a.created_at, a.id) < (${bind(page.cursor.key)}::timestamptz, ${bind(page.cursor.id)}::uuid)`]
      : [];
    const slice = { conditions: [...conditions, ...beyond], offset: page.offset ?? 0, limit: page.limit + 1 };
    const rows = await queryRows<AlertInstance & { total: number }>(
      this.dataSource,
      `SELECT counted.total, a.* FROM (
         SELECT coalesce(sum(a.count), 0)::integer AS total FROM alert_count a WHERE ${conditions.join(' AND ')}
       ) counted
       LEFT JOIN LATERAL (${hasIndexInOrder(given) ? this.direct(slice) : this.merged(given, slice, organization)}) a ON true
       ORDER BY a."createdAt" DESC, a.id DESC`,
      parameters,
    );
    const alerts = rows.map(({ total: _, ...alert }) => alert);
    return pageOf(alerts[0]?.id === null ? [] : alerts, rows[0]!.total, 'createdAt', page.limit);
  }

  async summary(organizationId: string): Promise<InstanceSummary> {
    const rows = await queryRows<Omit<InstanceSummary, 'recent'> & AlertInstance>(
      this.dataSource,
      `WITH kind AS MATERIALIZED (
         SELECT status, severity, rule_type, sum(count)::integer AS count FROM alert_count WHERE organization_id = $1 GROUP BY status, severity, rule_type
       )
       SELECT
         (SELECT json_object_agg(status, count) FROM (SELECT status, sum(count) AS count FROM kind GROUP BY status) k) AS "byStatus",
         (SELECT json_object_agg(severity, count) FROM (
           SELECT severity, sum(count) AS count FROM kind GROUP BY severity) k) AS "bySeverity",
         (SELECT json_object_agg(rule_type, count ORDER BY rule_type) FROM (
           SELECT rule_type, sum(count) AS count FROM kind GROUP BY rule_type HAVING sum(count) > 0) k) AS "byRuleType",
         (SELECT json_object_agg(severity, count) FROM (
           SELECT severity, sum(count) AS count FROM kind WHERE status = 'open' GROUP BY severity) k) AS "openBySeverity",
         (SELECT json_object_agg(rule_type, count ORDER BY rule_type) FROM (
           SELECT rule_type, sum(count) AS count FROM kind WHERE status = 'open' GROUP BY rule_type HAVING sum(count) > 0) k) AS "openByRuleType",
         a.*
       FROM (VALUES (1)) always
       LEFT JOIN LATERAL (${this.direct({ conditions: ['a.organization_id = $1', `a.status = 'open'`], offset: 0, limit: RECENT })}) a ON true
       ORDER BY a."createdAt" DESC, a.id DESC`,
      [organizationId],
    );
    const { byStatus, bySeverity, byRuleType, openBySeverity, openByRuleType } = rows[0]!;
    return {
      byStatus: { ...zeros(ALERT_STATUSES), ...byStatus },
      bySeverity: { ...zeros(SEVERITIES), ...bySeverity },
      byRuleType: byRuleType ?? {},
      openBySeverity: { ...zeros(SEVERITIES), ...openBySeverity },
      openByRuleType: openByRuleType ?? {},
      recent: rows.filter(({ id }) => id !== null),
    };
  }

  /** The columns under the names of the entity's properties. */
  private get columns(): string {
    const { columns } = this.dataSource.getMetadata(AlertInstance);
    return columns.map(({ databaseName, propertyName }) => `a.${databaseName} AS "${propertyName}"`).join(', ');
  }

  private direct({ conditions, offset, limit }: Slice): string {
    return `SELECT ${this.columns} FROM alert_instance a WHERE ${conditions.join(' AND ')} ${NEWEST_FIRST} OFFSET ${offset} LIMIT ${limit}`;
  }

  /**
   * No index has these filters before the instant, and an index for each combination would slow every write. So this
   * takes the newest alerts of each matching kind (status, severity and rule type or rule) from the index of kinds, at
   * most (kinds x limit), and sorts those.
   */
  private merged(given: Given, { conditions, offset, limit }: Slice, organization: string): string {
    const open = [
      {
        isOpen: !given.status,
        values: `unnest('{${ALERT_STATUSES.join()}}'::text[]) AS s (status)`,
        is: 'a.status = s.status',
      },
      {
        isOpen: !given.severity,
        values: `unnest('{${SEVERITIES.join()}}'::text[]) AS v (severity)`,
        is: 'a.severity = v.severity',
      },
      {
        isOpen: !given.ruleType && !given.ruleId,
        values: `(${ruleTypesOf(organization)}) AS t`,
        is: 'a.rule_type = t.rule_type',
      },
    ].filter(({ isOpen }) => isOpen);
    const ofKind = [...conditions, ...open.map(({ is }) => is)];
    if (given.ruleId && given.ruleType) ofKind.push(`(${ruleTypeOf(organization, given.ruleId)}) = ${given.ruleType}`);
    const newestOfKind = `SELECT a.id, a.created_at FROM alert_instance a WHERE ${ofKind.join(' AND ')} ${NEWEST_FIRST} LIMIT ${offset + limit}`;
    const from = [...open.map(({ values }) => values), `LATERAL (${newestOfKind}) a`].join(' CROSS JOIN ');
    return `SELECT ${this.columns} FROM (SELECT a.id FROM ${from} ${NEWEST_FIRST} OFFSET ${offset} LIMIT ${limit}) found
      JOIN alert_instance a ON a.id = found.id`;
  }
}

interface Slice {
  conditions: readonly string[];
  offset: number;
  limit: number;
}

const COLUMN_OF_FILTER = { status: 'status', severity: 'severity', ruleType: 'rule_type', ruleId: 'rule_id' } as const;

const FILTERS = Object.keys(COLUMN_OF_FILTER) as (keyof InstanceFilters)[];

/** The placeholders of the given filters. */
type Given = Partial<Record<keyof InstanceFilters, string>>;

/** Whether one index returns exactly these alerts in order: a list without filters, or filtered by status only. */
function hasIndexInOrder({ severity, ruleType, ruleId }: Given): boolean {
  return !severity && !ruleType && !ruleId;
}

/** The rule types of the alerts of an organisation, by one lookup in the index of kinds for each type. */
function ruleTypesOf(organization: string): string {
  const next = (beyond: string): string =>
    `SELECT a.rule_type FROM alert_instance a WHERE a.organization_id = ${organization} ${beyond} ORDER BY a.rule_type LIMIT 1`;
  return `WITH RECURSIVE type (rule_type) AS (
      (${next('')}) UNION ALL SELECT (${next('AND a.rule_type > type.rule_type')}) FROM type WHERE type.rule_type IS NOT NULL
    ) SELECT rule_type FROM type WHERE rule_type IS NOT NULL`;
}

/** The type of a rule never changes, so one alert tells it. This avoids a search through a rule of another type. */
function ruleTypeOf(organization: string, rule: string): string {
  return `SELECT r.rule_type FROM alert_instance r WHERE r.organization_id = ${organization} AND r.rule_id = ${rule} LIMIT 1`;
}

function zeros<Name extends string>(names: readonly Name[]): Record<Name, number> {
  return Object.fromEntries(names.map((name) => [name, 0])) as Record<Name, number>;
}
