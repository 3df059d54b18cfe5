import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { queryRows, Transactions } from '../database/index.js';

const KIND = 'organization_id, status, severity, rule_type, rule_id';

/** How many rows one statement folds at most. */
const FOLD_ROWS = 10_000;

/** Looks after `alert_count`, which triggers of `alert_instance` write and {@link AlertReader} sums. */
@Injectable()
export class AlertCounts {
  constructor(
    private readonly dataSource: DataSource,
    private readonly transactions: Transactions,
  ) {}

  /**
   * Makes the counts equal to the alerts that there are, of one organisation or of all, while both are written to.
   *
   * One statement reads both in one snapshot and adds a row for each difference. It need not keep writers out: a transaction that writes alerts commits its
   * count rows with them, and folding leaves sums as they are, so that no snapshot ever shows a difference that is only in passing, and a difference that is
   * there stays the same until it is mended. Two repairs at once would mend it twice; they wait for each other, on a lock taken before the snapshot.
   * @returns how many counts were wrong.
   */
  repair(organizationId?: string): Promise<number> {
    const [where, parameters] = organizationId ? ['WHERE organization_id = $1', [organizationId]] : ['', []];
    return this.transactions.run(async (manager) => {
      await manager.query(`SELECT pg_advisory_xact_lock(hashtext('vedette.alert_count'))`);
      const mended = await queryRows(
        manager,
        `INSERT INTO alert_count (id, ${KIND}, count)
         SELECT vedette_uuidv7(), ${KIND}, sum(count) FROM (
           SELECT ${KIND}, count(*) AS count FROM alert_instance ${where} GROUP BY ${KIND}
           UNION ALL SELECT ${KIND}, -sum(count) FROM alert_count ${where} GROUP BY ${KIND}
         ) difference
         GROUP BY ${KIND} HAVING sum(count) <> 0
         RETURNING id`,
        parameters,
      );
      return mended.length;
    });
  }

  /**
   * Folds the rows of each kind into one, up to a batch of rows. Each row that is there is taken by one folder only, and given back within the sum in the
   * same statement; rows that writers add meanwhile are not touched. An organisation that is being deleted is left out, and one that is folded is deleted after.
   * @returns whether a whole batch was folded, so that there may be more.
   */
  async fold(): Promise<boolean> {
    const [folded] = await queryRows<{ rows: number }>(
      this.dataSource,
      `WITH kind AS MATERIALIZED (
         SELECT ${KIND} FROM alert_count GROUP BY ${KIND} HAVING count(*) > 1 LIMIT $1
       ), present AS MATERIALIZED (
         SELECT id FROM organization WHERE id IN (SELECT organization_id FROM kind) FOR KEY SHARE SKIP LOCKED
       ), taken AS MATERIALIZED (
         SELECT c.id FROM alert_count c JOIN kind USING (${KIND})
         WHERE organization_id IN (SELECT id FROM present) LIMIT $1 FOR UPDATE OF c SKIP LOCKED
       ), gone AS (
         DELETE FROM alert_count c USING taken WHERE c.id = taken.id RETURNING c.*
       ), folded AS (
         INSERT INTO alert_count (id, ${KIND}, count)
         SELECT vedette_uuidv7(), ${KIND}, sum(count) FROM gone GROUP BY ${KIND} HAVING sum(count) <> 0
       )
       SELECT count(*)::integer AS rows FROM gone`,
      [FOLD_ROWS],
    );
    return folded!.rows === FOLD_ROWS;
  }
}
