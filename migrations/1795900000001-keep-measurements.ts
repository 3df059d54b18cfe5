import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * What each rule measured lately. A point is kept where what a rule measures, or what that is compared with, differs from the last point, which stands with the
 * rule's state, so that a pass that finds nothing new writes none. Points hang on the state, whose row a pass holds when it writes them: hanging on the rule itself,
 * a pass and somebody who deletes the rule would wait for each other.
 */
export class KeepMeasurements1795900000001 implements MigrationInterface {
  name = 'KeepMeasurements1795900000001';

  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`
      ALTER TABLE rule_state ADD COLUMN last_measured double precision, ADD COLUMN last_threshold double precision, ADD COLUMN last_measured_at timestamptz;
      CREATE TABLE rule_measurement (
        organization_id uuid NOT NULL,
        rule_id uuid NOT NULL,
        measured_at timestamptz NOT NULL,
        measured double precision,
        threshold double precision NOT NULL,
        breached boolean NOT NULL,
        PRIMARY KEY (organization_id, rule_id, measured_at),
        FOREIGN KEY (organization_id, rule_id) REFERENCES rule_state (organization_id, rule_id) ON DELETE CASCADE
      );
      CREATE INDEX rule_measurement_measured_at_idx ON rule_measurement (measured_at);
    `);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`
      DROP TABLE rule_measurement;
      ALTER TABLE rule_state DROP COLUMN last_measured, DROP COLUMN last_threshold, DROP COLUMN last_measured_at;
    `);
  }
}
