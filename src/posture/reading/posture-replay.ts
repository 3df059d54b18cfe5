import type { EntityManager } from 'typeorm';
import { queryRows } from '../../database/index.js';
import type { ChangeKind } from '../changes/change-kind.js';
import { asOf, sqlInstant, VERSIONED_POSTURE, VERSIONED_QUEUE, VERSIONED_SNAPSHOTS } from './as-of-sql.js';
import { LivePostureReader, type PostureReader, type PostureRelations } from './posture-reader.js';
import { statusesBetween } from './restated-statuses.js';

/**
 * Rows superseded within a transaction stay in the table, and scans read them. The table is rewritten when they are
 * more than this, and more than the live rows.
 */
const MIN_DEAD_ROWS = 200;

/** The posture at the current step, and the table for the next rewrite. */
const POSTURE_TABLES = ['replay_posture', 'replay_posture_spare'] as const;

export interface ReplaySpan {
  organizationId: string;
  /** In ascending order; at least one. */
  instants: readonly Date[];
  /**
   * The kinds that are read often. Other kinds are read from the history at each step: slower, with the same result.
   */
  kinds: readonly ChangeKind[];
}

/**
 * Reads the posture of one organisation at one instant after another. Loads the history of the span into temporary
 * tables that are dropped with the transaction; each step applies the changes since the previous one.
 */
export class PostureReplay {
  private step = 0;
  private current = 0;
  private deadRows = 0;

  /** @param changes how many techniques change, by step. */
  private constructor(
    private readonly manager: EntityManager,
    private readonly span: ReplaySpan,
    private readonly rows: number,
    private readonly changes: ReadonlyMap<number, number>,
  ) {}

  /**
   * Begins at the first step.
   * @param manager of an open transaction that has no other replay.
   */
  static async begin(manager: EntityManager, span: ReplaySpan): Promise<PostureReplay> {
    const { kinds } = span;
    const needsPosture = kinds.includes('posture') || kinds.includes('catalogue');
    if (kinds.includes('queue')) await loadVersions(manager, VERSIONED_QUEUE, span);
    if (kinds.includes('snapshot')) await loadVersions(manager, VERSIONED_SNAPSHOTS, span);
    if (!needsPosture) return new PostureReplay(manager, span, 0, new Map());
    const rows = await loadPosture(manager, span);
    return new PostureReplay(manager, span, rows, await loadChanges(manager, span));
  }

  /** The instant of the current step. */
  get at(): Date {
    return this.span.instants[this.step]!;
  }

  /** Reads the step that was current when this reader was obtained. */
  get reader(): PostureReader {
    return new StepReader(this.manager, this.relations);
  }

  async next(): Promise<void> {
    this.step += 1;
    const changing = this.changes.get(this.step) ?? 0;
    if (changing === 0) return;
    if (this.deadRows + changing > Math.max(MIN_DEAD_ROWS, this.rows)) await this.rewrite();
    else await this.applyInPlace(changing);
  }

  private get relations(): PostureRelations {
    const { kinds } = this.span;
    const needsPosture = kinds.includes('posture') || kinds.includes('catalogue');
    return {
      posture: needsPosture ? POSTURE_TABLES[this.current]! : asOf(VERSIONED_POSTURE, sqlInstant(this.at)),
      technique: 'technique',
      tactic: 'tactic',
      revalidationItem: kinds.includes('queue')
        ? versionsAt(VERSIONED_QUEUE.table, this.at)
        : asOf(VERSIONED_QUEUE, sqlInstant(this.at)),
      snapshot: kinds.includes('snapshot')
        ? versionsAt(VERSIONED_SNAPSHOTS.table, this.at)
        : asOf(VERSIONED_SNAPSHOTS, sqlInstant(this.at)),
      statusesBetween,
    };
  }

  private async applyInPlace(changing: number): Promise<void> {
    const table = POSTURE_TABLES[this.current]!;
    await this.manager.query(
      `WITH superseded AS (
         DELETE FROM ${table} p USING replay_posture_change c WHERE c.step = $1 AND p.technique_id = c.technique_id
       )
       INSERT INTO ${table} SELECT ${POSTURE_COLUMNS} FROM replay_posture_change WHERE step = $1`,
      [this.step],
    );
    this.deadRows += changing;
  }

  private async rewrite(): Promise<void> {
    const [from, to] = [POSTURE_TABLES[this.current]!, POSTURE_TABLES[1 - this.current]!];
    await this.manager.query(`TRUNCATE ${to}`);
    await this.manager.query(
      `INSERT INTO ${to}
       SELECT * FROM ${from} p WHERE NOT EXISTS (SELECT FROM replay_posture_change c WHERE c.step = $1 AND c.technique_id = p.technique_id)
       UNION ALL
       SELECT ${POSTURE_COLUMNS} FROM replay_posture_change WHERE step = $1`,
      [this.step],
    );
    this.current = 1 - this.current;
    this.deadRows = 0;
  }
}

const POSTURE_COLUMNS = [...VERSIONED_POSTURE.key, ...VERSIONED_POSTURE.columns].join(', ');

class StepReader extends LivePostureReader {
  constructor(
    manager: EntityManager,
    override readonly relations: PostureRelations,
  ) {
    super(manager);
  }
}

/**
 * Loads the posture of the first step.
 * @returns how many posture rows the organisation has today; at the first step it may have had fewer.
 */
async function loadPosture(manager: EntityManager, { organizationId, instants }: ReplaySpan): Promise<number> {
  for (const table of POSTURE_TABLES) {
    await manager.query(`
      CREATE TEMPORARY TABLE ${table} ON COMMIT DROP AS SELECT ${POSTURE_COLUMNS} FROM posture WITH NO DATA;
      CREATE INDEX ON ${table} (technique_id)`);
  }
  const [loaded] = await queryRows<{ rows: number }>(
    manager,
    `WITH loaded AS (
       INSERT INTO ${POSTURE_TABLES[0]} SELECT ${POSTURE_COLUMNS} FROM ${asOf(VERSIONED_POSTURE, sqlInstant(instants[0]!))} p WHERE organization_id = $1
     ) SELECT count(*)::integer AS rows FROM posture WHERE organization_id = $1`,
    [organizationId],
  );
  await manager.query(`ANALYZE ${POSTURE_TABLES[0]}`);
  return loaded!.rows;
}

/**
 * Loads the changes between steps: for each changed technique, its version at the later step.
 * @returns how many techniques change, by step.
 */
async function loadChanges(
  manager: EntityManager,
  { organizationId, instants }: ReplaySpan,
): Promise<Map<number, number>> {
  const [first, last] = [sqlInstant(instants[0]!), sqlInstant(instants.at(-1)!)];
  const began = `organization_id = $1 AND valid_from > ${first} AND valid_from <= ${last}`;
  const columns = `${POSTURE_COLUMNS}, valid_from, version`;
  // A bucket includes its lower bound, but a version that begins exactly at a step belongs to that step.
  const step = `width_bucket(valid_from - interval '1 microsecond', $2::timestamptz[])`;
  await manager.query(
    `CREATE TEMPORARY TABLE replay_posture_change ON COMMIT DROP AS SELECT ${POSTURE_COLUMNS}, 0 AS step FROM posture WITH NO DATA`,
  );
  await manager.query(
    `INSERT INTO replay_posture_change
     SELECT DISTINCT ON (step, technique_id) ${POSTURE_COLUMNS}, step FROM (
       SELECT ${columns}, ${step} AS step FROM posture WHERE ${began}
       UNION ALL SELECT ${columns}, ${step} FROM posture_history WHERE ${began}
     ) begun
     ORDER BY step, technique_id, valid_from DESC, version DESC`,
    [organizationId, instants],
  );
  await manager.query('CREATE INDEX ON replay_posture_change (step); ANALYZE replay_posture_change');
  const counts = await queryRows<{ step: number; count: number }>(
    manager,
    'SELECT step, count(*)::integer AS count FROM replay_posture_change GROUP BY step',
  );
  return new Map(counts.map(({ step: at, count }) => [at, count]));
}

/** Loads all versions valid at any time of the span, with their ends. They are few, so each step scans them all. */
async function loadVersions(
  manager: EntityManager,
  { table, key, columns }: { table: string; key: readonly string[]; columns: readonly string[] },
  { organizationId, instants }: ReplaySpan,
): Promise<void> {
  const names = [...key, ...columns, 'valid_from'].join(', ');
  const [first, last] = [sqlInstant(instants[0]!), sqlInstant(instants.at(-1)!)];
  await manager.query(
    `CREATE TEMPORARY TABLE replay_${table} ON COMMIT DROP AS SELECT ${names}, valid_from AS valid_to FROM ${table} WITH NO DATA`,
  );
  await manager.query(
    `INSERT INTO replay_${table}
     SELECT ${names}, 'infinity' FROM ${table} WHERE organization_id = $1 AND valid_from <= ${last}
     UNION ALL
     SELECT ${names}, valid_to FROM ${table}_history
     WHERE organization_id = $1 AND valid_from <= ${last} AND valid_to > ${first} AND valid_to > valid_from`,
    [organizationId],
  );
  await manager.query(`ANALYZE replay_${table}`);
}

/** A sub-select of the versions valid at the instant, from the table that {@link loadVersions} filled. */
function versionsAt(table: string, at: Date): string {
  const instant = sqlInstant(at);
  return `(SELECT * FROM replay_${table} v WHERE v.valid_from <= ${instant} AND v.valid_to > ${instant})`;
}
