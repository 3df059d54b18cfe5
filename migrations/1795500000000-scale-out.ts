import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * What thousands of organisations and a million alerts need: rules with an interval of their own, counts of alerts that are kept instead of taken, and indexes
 * that retention finds old rows by.
 */
export class ScaleOut1795500000000 implements MigrationInterface {
  name = 'ScaleOut1795500000000';

  async up(queryRunner: QueryRunner): Promise<void> {
    for (const statement of [intervals, counts, reads, retention]) await queryRunner.query(statement);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`
      DROP INDEX alert_instance_rule_idx, alert_instance_kind_idx;
      CREATE INDEX alert_instance_rule_idx ON alert_instance (organization_id, rule_id, created_at, id);
      CREATE INDEX alert_instance_counts_idx ON alert_instance (organization_id, status, severity, rule_type);
      DROP INDEX alert_instance_closed_idx, evaluation_run_started_at_idx, webhook_delivery_completed_idx, notification_read_idx, refresh_session_expires_at_idx;
      DROP TABLE alert_count;
      DROP FUNCTION count_alerts() CASCADE;
      DROP INDEX rule_state_due_idx;
      CREATE INDEX rule_state_next_evaluation_at_idx ON rule_state (next_evaluation_at) WHERE next_evaluation_at IS NOT NULL;
      ALTER TABLE alert_rule DROP COLUMN evaluation_interval_minutes;
    `);
  }
}

const intervals = `
  ALTER TABLE alert_rule ADD COLUMN evaluation_interval_minutes integer,
    ADD CONSTRAINT alert_rule_evaluation_interval_minutes_check CHECK (evaluation_interval_minutes BETWEEN 1 AND 10080);
  -- Rules that are due at the same slot lie together by organisation, so that a claim takes whole organisations.
  DROP INDEX rule_state_next_evaluation_at_idx;
  CREATE INDEX rule_state_due_idx ON rule_state (next_evaluation_at, organization_id, rule_id) WHERE next_evaluation_at IS NOT NULL;
`;

/**
 * The number of alerts of a kind is the sum of its rows here. Every statement that writes alerts adds rows of its own and touches none that is there, so that
 * writers never wait for each other; retention folds the rows of a kind into one from time to time.
 */
const counts = `
  CREATE TABLE alert_count (
    id uuid PRIMARY KEY,
    organization_id uuid NOT NULL REFERENCES organization (id) ON DELETE CASCADE,
    status text NOT NULL,
    severity text NOT NULL,
    rule_type text NOT NULL,
    rule_id uuid NOT NULL,
    count bigint NOT NULL
  ) WITH (autovacuum_vacuum_scale_factor = 0.05);
  CREATE INDEX alert_count_organization_id_idx ON alert_count (organization_id, status, severity, rule_type, rule_id) INCLUDE (count);

  CREATE FUNCTION count_alerts() RETURNS trigger LANGUAGE plpgsql AS $$
  BEGIN
    IF TG_OP = 'INSERT' THEN
      INSERT INTO alert_count (id, organization_id, status, severity, rule_type, rule_id, count)
      SELECT vedette_uuidv7(), organization_id, status, severity, rule_type, rule_id, count(*) FROM new_rows
      GROUP BY organization_id, status, severity, rule_type, rule_id;
    ELSIF TG_OP = 'DELETE' THEN
      -- An organisation that is deleted takes its counts along.
      INSERT INTO alert_count (id, organization_id, status, severity, rule_type, rule_id, count)
      SELECT vedette_uuidv7(), organization_id, status, severity, rule_type, rule_id, -count(*) FROM old_rows
      WHERE organization_id IN (SELECT id FROM organization)
      GROUP BY organization_id, status, severity, rule_type, rule_id;
    ELSE
      INSERT INTO alert_count (id, organization_id, status, severity, rule_type, rule_id, count)
      SELECT vedette_uuidv7(), organization_id, status, severity, rule_type, rule_id, sum(change) FROM (
        SELECT organization_id, status, severity, rule_type, rule_id, 1 AS change FROM new_rows
        UNION ALL SELECT organization_id, status, severity, rule_type, rule_id, -1 FROM old_rows
      ) changes
      GROUP BY organization_id, status, severity, rule_type, rule_id HAVING sum(change) <> 0;
    END IF;
    RETURN NULL;
  END $$;

  CREATE TRIGGER count_inserted_alerts AFTER INSERT ON alert_instance REFERENCING NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION count_alerts();
  CREATE TRIGGER count_updated_alerts AFTER UPDATE ON alert_instance REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION count_alerts();
  CREATE TRIGGER count_deleted_alerts AFTER DELETE ON alert_instance REFERENCING OLD TABLE AS old_rows
    FOR EACH STATEMENT EXECUTE FUNCTION count_alerts();

  INSERT INTO alert_count (id, organization_id, status, severity, rule_type, rule_id, count)
  SELECT vedette_uuidv7(), organization_id, status, severity, rule_type, rule_id, count(*) FROM alert_instance
  GROUP BY organization_id, status, severity, rule_type, rule_id;
`;

/**
 * Two indexes, in place of two, that give a page of alerts by any filters. A page is put together from the newest of each combination of what the filters leave
 * open, so that the instant stands last: see `AlertReader`. They are wider than those before them (10,000 alerts open a tenth slower), but one index for each
 * filter would cost more, and would still search through one filter's alerts for the other's.
 */
const reads = `
  DROP INDEX alert_instance_counts_idx, alert_instance_rule_idx;
  CREATE INDEX alert_instance_kind_idx ON alert_instance (organization_id, rule_type, severity, status, created_at, id);
  CREATE INDEX alert_instance_rule_idx ON alert_instance (organization_id, rule_id, status, severity, created_at, id);
`;

const retention = `
  CREATE INDEX alert_instance_closed_idx ON alert_instance (coalesce(resolved_at, dismissed_at)) WHERE status IN ('resolved', 'dismissed');
  CREATE INDEX evaluation_run_started_at_idx ON evaluation_run (started_at);
  CREATE INDEX webhook_delivery_completed_idx ON webhook_delivery (completed_at) WHERE status <> 'pending';
  CREATE INDEX refresh_session_expires_at_idx ON refresh_session (expires_at);
  CREATE INDEX notification_read_idx ON notification (read_at) WHERE read_at IS NOT NULL;
`;
