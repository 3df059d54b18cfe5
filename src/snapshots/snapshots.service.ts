import { Injectable } from '@nestjs/common';
import { DataSource, type EntityManager } from 'typeorm';
import { Clock } from '../common/clock.js';
import { conflict, invalidField } from '../common/errors/index.js';
import { DATE_WORDS, isCalendarDate, utcDate } from '../common/instant.js';
import { ClockCorrections } from '../metrics/index.js';
import type { Page, PageRequest } from '../common/pagination/index.js';
import { plainNumber } from '../common/wire.js';
import { queryRows, sqlPage, Transactions } from '../database/index.js';
import { PostureChanges } from '../posture/index.js';
import { SnapshotPolicies } from './policy/snapshot-policies.service.js';
import type { PostureSnapshot } from './posture-snapshot.entity.js';
import { coveragePct } from './roll-up/coverage.js';
import type { Rollup } from './roll-up/roll-up.js';
import type { SnapshotScope } from './snapshot-facts.js';
import { REPLACE_ON_CONFLICT, takeSnapshotsStatement } from './take-snapshots-statement.js';

/** One snapshot. `date` is `YYYY-MM-DD`, a day in UTC. */
export type Snapshot = Pick<
  PostureSnapshot,
  | 'coveragePct'
  | 'total'
  | 'validated'
  | 'partial'
  | 'inProgress'
  | 'notCovered'
  | 'notEvaluated'
  | 'source'
  | 'updatedAt'
  | 'rollup'
  | 'formulaVersion'
  | 'scope'
  | 'attackVersions'
  | 'tactics'
  | 'baselinePct'
  | 'baselineDate'
> & { date: string };

/** An imported snapshot. Coverage is computed from the counts; if it is given, it is checked against them. */
export type HistoricalSnapshot = Pick<
  Snapshot,
  'date' | 'total' | 'validated' | 'partial' | 'inProgress' | 'notCovered' | 'notEvaluated'
> & {
  coveragePct?: number;
  /** Left out: `flat`, and everything in scope. */
  rollup?: Rollup;
  scope?: SnapshotScope | null;
};

/** How far a given coverage may differ from the counts, because other tools round to two decimals. */
const COVERAGE_TOLERANCE = 0.01;

const COLUMNS = `
  to_char(s.snapshot_date, 'YYYY-MM-DD') AS date, s.coverage_pct AS "coveragePct", s.total, s.validated, s.partial, s.in_progress AS "inProgress",
  s.not_covered AS "notCovered", s.not_evaluated AS "notEvaluated", s.source, s.updated_at AS "updatedAt",
  s.rollup, s.formula_version AS "formulaVersion", s.scope, s.attack_versions AS "attackVersions", s.tactics, s.baseline_pct AS "baselinePct",
  to_char(s.baseline_date, 'YYYY-MM-DD') AS "baselineDate"`;

/** An import has no ATT&CK release and no counts of tactics. */
const INSERT_HISTORICAL = `
  INSERT INTO posture_snapshot AS s (organization_id, snapshot_date, coverage_pct, total, validated, partial, in_progress, not_covered, not_evaluated,
    source, created_at, updated_at, valid_from, rollup, scope)
  VALUES ($1, $2::date, $3, $4, $5, $6, $7, $8, $9, 'historical', $10::timestamptz, $10, $2::date::timestamp AT TIME ZONE 'UTC', $11, $12)`;

/** For one statement over all organisations: memory to group a million rows, and a longer timeout. */
const SETTINGS_FOR_ALL = `SET LOCAL work_mem = '64MB'; SET LOCAL statement_timeout = '10min'`;

/** Posture snapshots: one per day and organisation. */
@Injectable()
export class SnapshotsService {
  constructor(
    private readonly dataSource: DataSource,
    private readonly transactions: Transactions,
    private readonly changes: PostureChanges,
    private readonly policies: SnapshotPolicies,
    private readonly clock: Clock,
    private readonly corrections: ClockCorrections,
  ) {}

  /** Newest first. */
  async list(
    organizationId: string,
    { from, to }: { from?: string; to?: string },
    page: PageRequest,
  ): Promise<Page<Snapshot>> {
    if (page.cursor && !isCalendarDate(page.cursor.key)) {
      throw invalidField('cursor', 'must be the next_cursor of an earlier page, unchanged');
    }
    const matching = [organizationId, from ?? null, to ?? null];
    const where =
      'WHERE s.organization_id = $1 AND ($2::date IS NULL OR s.snapshot_date >= $2) AND ($3::date IS NULL OR s.snapshot_date <= $3)';
    // One row per day: the date alone marks the end of a page. A cursor needs an id too, so it gets the organisation's.
    return sqlPage<Snapshot>(
      this.dataSource,
      {
        counted: `posture_snapshot s ${where}`,
        selected: `SELECT ${COLUMNS} FROM posture_snapshot s ${where}`,
        parameters: matching,
        keys: [['s.snapshot_date', 'date']],
        direction: 'DESC',
        cursorOf: ({ date }) => ({ key: date, id: organizationId }),
      },
      page,
    );
  }

  /**
   * Takes today's snapshot of one organisation.
   * @throws DomainError `conflict` if no technique is in scope, because there is no coverage then.
   */
  async take(organizationId: string): Promise<Snapshot> {
    return this.transactions.run(async (manager) => {
      const [taken] = await this.insertCurrent(manager, 'manual', this.clock.now(), organizationId);
      if (!taken) throw conflict('no technique is in scope, so there is no coverage to take a snapshot of');
      await this.changes.mark(manager, [organizationId], 'snapshot');
      return this.find(manager, organizationId, utcDate(this.clock.now()));
    });
  }

  /**
   * Takes the snapshots of all organisations with a technique in scope, in one statement.
   * @returns the number of these organisations.
   */
  async takeForAll(now: Date): Promise<number> {
    const count = await this.transactions.run(async (manager) => {
      await manager.query(SETTINGS_FOR_ALL);
      const taken = await this.insertCurrent(manager, 'scheduled', now);
      // Sorted by id, so that two transactions that mark many organisations wait for each other instead of deadlocking.
      const organizationIds = taken.map(({ organizationId }) => organizationId).sort();
      if (organizationIds.length > 0) await this.changes.mark(manager, organizationIds, 'snapshot');
      return organizationIds.length;
    });
    this.corrections.report('snapshot', await this.countAhead(now));
    return count;
  }

  /** The number of snapshots of later days, which a clock that was ahead took. Rules leave them out until then. */
  private async countAhead(now: Date): Promise<number> {
    const [row] = await queryRows<{ count: number }>(
      this.dataSource,
      'SELECT count(*)::integer AS count FROM posture_snapshot WHERE snapshot_date > $1::date',
      [utcDate(now)],
    );
    return row!.count;
  }

  /** Whether any snapshot of the day was taken, not imported. */
  async isTaken(date: string): Promise<boolean> {
    const rows = await queryRows(
      this.dataSource,
      `SELECT snapshot_date FROM posture_snapshot WHERE snapshot_date = $1 AND source IN ('scheduled', 'manual') LIMIT 1`,
      [date],
    );
    return rows.length > 0;
  }

  /**
   * Imports the snapshot of today or a past day, and replaces an existing one. If the day had none, replays of that day
   * find the import.
   */
  async put(organizationId: string, snapshot: HistoricalSnapshot): Promise<Snapshot> {
    const now = this.clock.now();
    checkHistorical(snapshot, utcDate(now));
    return this.transactions.run(async (manager) => {
      const scope = snapshot.scope && (await this.policies.usableScope(manager, snapshot.scope));
      await manager.query(`${INSERT_HISTORICAL} ${REPLACE_ON_CONFLICT}`, [
        organizationId,
        snapshot.date,
        coveragePct(snapshot),
        snapshot.total,
        snapshot.validated,
        snapshot.partial,
        snapshot.inProgress,
        snapshot.notCovered,
        snapshot.notEvaluated,
        now,
        snapshot.rollup ?? 'flat',
        scope ? JSON.stringify(scope) : null,
      ]);
      await this.changes.mark(manager, [organizationId], 'snapshot');
      return this.find(manager, organizationId, snapshot.date);
    });
  }

  private insertCurrent(
    manager: EntityManager,
    source: 'scheduled' | 'manual',
    now: Date,
    organizationId?: string,
  ): Promise<{ organizationId: string }[]> {
    return queryRows(manager, takeSnapshotsStatement(organizationId !== undefined), [
      utcDate(now),
      source,
      now,
      ...(organizationId === undefined ? [] : [organizationId]),
    ]);
  }

  private async find(manager: EntityManager, organizationId: string, date: string): Promise<Snapshot> {
    const [snapshot] = await queryRows<Snapshot>(
      manager,
      `SELECT ${COLUMNS} FROM posture_snapshot s WHERE s.organization_id = $1 AND s.snapshot_date = $2`,
      [organizationId, date],
    );
    return snapshot!;
  }
}

function checkHistorical(snapshot: HistoricalSnapshot, today: string): void {
  const { date, total, validated, partial, inProgress, notCovered, notEvaluated } = snapshot;
  if (!isCalendarDate(date)) throw invalidField('date', DATE_WORDS);
  if (date > today) throw invalidField('date', `must not lie in the future; today is ${today} in UTC`);
  const sum = validated + partial + inProgress + notCovered + notEvaluated;
  if (sum > total) throw invalidField('total', `must be at least the sum of the counts, which is ${sum}`);
  const computed = coveragePct(snapshot);
  if (snapshot.coveragePct !== undefined && !isWithinTolerance(snapshot.coveragePct, computed)) {
    throw invalidField(
      'coverage_pct',
      `must agree with the counts, which give ${plainNumber(computed, 4)}; it can be left out`,
    );
  }
}

/**
 * Compares in units of the sixth decimal, where the error of binary fractions cannot hide a difference of exactly 0.01.
 */
function isWithinTolerance(given: number, computed: number): boolean {
  return Math.round(Math.abs(given - computed) * 1e6) <= COVERAGE_TOLERANCE * 1e6;
}
