import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * One due time for all rules of an organisation that share an interval, in place of one a rule, and outcomes without what the rule says already: a pass in which
 * nothing fires then writes one row an organisation and its run.
 */
export class ScheduleByInterval1795600000000 implements MigrationInterface {
  name = 'ScheduleByInterval1795600000000';

  async up(queryRunner: QueryRunner): Promise<void> {
    for (const statement of [schedules, states, standing, outcomes]) await queryRunner.query(statement);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`
      ALTER TABLE rule_state ADD COLUMN next_evaluation_at timestamptz;
      UPDATE rule_state s SET next_evaluation_at = v.next_evaluation_at, last_evaluated_at = v.last_evaluated_at
      FROM rule_standing v WHERE v.organization_id = s.organization_id AND v.rule_id = s.rule_id;
      DROP VIEW rule_standing;
      ALTER TABLE rule_state DROP COLUMN scheduled_since;
      CREATE INDEX rule_state_due_idx ON rule_state (next_evaluation_at, organization_id, rule_id) WHERE next_evaluation_at IS NOT NULL;
      DROP TABLE rule_schedule;
    `);
  }
}

/** Interval 0 stands for the schedule of the deployment: a primary key takes no null. */
const schedules = `
  CREATE TABLE rule_schedule (
    organization_id uuid NOT NULL REFERENCES organization (id) ON DELETE CASCADE,
    interval_minutes integer NOT NULL,
    next_evaluation_at timestamptz NOT NULL,
    last_evaluated_at timestamptz,
    PRIMARY KEY (organization_id, interval_minutes),
    CONSTRAINT rule_schedule_interval_minutes_check CHECK (interval_minutes BETWEEN 0 AND 10080)
  ) WITH (fillfactor = 70);
  CREATE INDEX rule_schedule_due_idx ON rule_schedule (next_evaluation_at, organization_id, interval_minutes);
  INSERT INTO rule_schedule (organization_id, interval_minutes, next_evaluation_at)
  SELECT r.organization_id, coalesce(r.evaluation_interval_minutes, 0), min(coalesce(s.next_evaluation_at, now()))
  FROM alert_rule r JOIN rule_state s ON s.organization_id = r.organization_id AND s.rule_id = r.id
  WHERE r.is_enabled GROUP BY 1, 2;
`;

const states = `
  DROP INDEX rule_state_due_idx;
  ALTER TABLE rule_state DROP COLUMN next_evaluation_at, ADD COLUMN scheduled_since timestamptz;
  UPDATE rule_state s SET scheduled_since = now() FROM alert_rule r
  WHERE r.organization_id = s.organization_id AND r.id = s.rule_id AND r.is_enabled;
`;

/** Where each rule stands, its schedule's part included: ticks write down when they took place once for all rules of a schedule. */
const standing = `
  CREATE VIEW rule_standing AS
  SELECT s.organization_id, s.rule_id, g.next_evaluation_at,
    greatest(s.last_evaluated_at, CASE WHEN g.last_evaluated_at >= s.scheduled_since THEN g.last_evaluated_at END) AS last_evaluated_at,
    s.last_fired_at, s.last_error, s.consecutive_errors
  FROM rule_state s
  JOIN alert_rule r ON r.organization_id = s.organization_id AND r.id = s.rule_id
  LEFT JOIN rule_schedule g
    ON g.organization_id = r.organization_id AND g.interval_minutes = coalesce(r.evaluation_interval_minutes, 0) AND r.is_enabled;
`;

/** Names and types are the rules' own; nulls need not be said. */
const outcomes = `
  UPDATE evaluation_run SET outcomes = (
    SELECT coalesce(jsonb_agg(jsonb_strip_nulls(o - 'rule_name' - 'rule_type') ORDER BY ord), '[]')
    FROM jsonb_array_elements(outcomes) WITH ORDINALITY AS e (o, ord))
  WHERE outcomes <> '[]';
`;
