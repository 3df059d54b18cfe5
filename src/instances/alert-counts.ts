import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { queryRows, Transactions } from '../database/index.js';

const KIND = 'organization_id, status, severity, rule_type, rule_id';

/** The most rows that one statement folds. */
const FOLD_ROWS = 10_000;

/** Maintains `alert_count`. Triggers of `alert_instance` write its rows, and {@link AlertReader} sums them. */
@Injectable()
export class AlertCounts {
  constructor(
    private readonly dataSource: DataSource,
    private readonly transactions: Transactions,
  ) {}

  /**
   * Makes the counts equal to the alerts, for one organisation or all, while both are written to. Writers commit
   * alerts and counts together and folding keeps the sums, so one snapshot shows only real differences. The lock keeps
   * two repairs from correcting a difference twice.
   * @returns the number of counts that were wrong.
   */
  repair(organizationId?: string): Promise<number> {
    const [where, parameters] = organizationId ? ['WHERE organization_id = $1', [organizationId]] : ['', []];
    return this.transactions.run(async (manager) => {
      await manager.query(`SELECT pg_advisory_xact_lock(hashtext('vedette.alert_count'))`);
      const corrected = await queryRows(
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
      return corrected.length;
    });
  }

  /**
   * Folds the rows of each kind into one, up to a batch of rows. One statement deletes the rows and inserts their
   * sum; rows that writers add meanwhile stay. It skips organisations that are being deleted.
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
