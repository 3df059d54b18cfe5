import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * What is said of an event is kept once, whatever number of endpoints hear it, so that the rows of the queue are small and claiming one updates it in place. A
 * finished delivery enters every index anew: those that another can stand in for go.
 */
export class ShareEventBodies1795810000000 implements MigrationInterface {
  name = 'ShareEventBodies1795810000000';

  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`
      CREATE TABLE webhook_event (
        organization_id uuid NOT NULL REFERENCES organization (id) ON DELETE CASCADE,
        id uuid NOT NULL,
        body text NOT NULL,
        created_at timestamptz NOT NULL,
        PRIMARY KEY (organization_id, id)
      );
      CREATE INDEX webhook_event_created_at_idx ON webhook_event (created_at);

      INSERT INTO webhook_event (organization_id, id, body, created_at)
        SELECT DISTINCT ON (organization_id, event_id) organization_id, event_id, body, created_at FROM webhook_delivery ORDER BY organization_id, event_id, created_at;

      ALTER TABLE webhook_delivery
        DROP COLUMN body,
        ADD FOREIGN KEY (organization_id, event_id) REFERENCES webhook_event (organization_id, id) ON DELETE CASCADE,
        SET (fillfactor = 50);

      ALTER TABLE webhook_attempt DROP CONSTRAINT webhook_attempt_organization_id_delivery_id_fkey, DROP CONSTRAINT webhook_attempt_pkey;
      ALTER TABLE webhook_delivery DROP CONSTRAINT webhook_delivery_pkey, DROP CONSTRAINT webhook_delivery_organization_id_id_key,
        ADD PRIMARY KEY (organization_id, id);
      DROP INDEX webhook_attempt_delivery_idx;
      ALTER TABLE webhook_attempt ADD PRIMARY KEY (organization_id, delivery_id, attempt, id),
        ADD FOREIGN KEY (organization_id, delivery_id) REFERENCES webhook_delivery (organization_id, id) ON DELETE CASCADE;
      DROP INDEX webhook_delivery_completed_idx;
      CREATE INDEX webhook_delivery_failed_idx ON webhook_delivery (completed_at) WHERE status = 'failed';
    `);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`
      CREATE INDEX webhook_delivery_completed_idx ON webhook_delivery (completed_at) WHERE status <> 'pending';
      DROP INDEX webhook_delivery_failed_idx;
      ALTER TABLE webhook_attempt DROP CONSTRAINT webhook_attempt_organization_id_delivery_id_fkey, DROP CONSTRAINT webhook_attempt_pkey;
      ALTER TABLE webhook_delivery DROP CONSTRAINT webhook_delivery_pkey, ADD PRIMARY KEY (id), ADD UNIQUE (organization_id, id);
      ALTER TABLE webhook_attempt ADD PRIMARY KEY (id),
        ADD FOREIGN KEY (organization_id, delivery_id) REFERENCES webhook_delivery (organization_id, id) ON DELETE CASCADE;
      CREATE INDEX webhook_attempt_delivery_idx ON webhook_attempt (organization_id, delivery_id, attempt);

      ALTER TABLE webhook_delivery ADD COLUMN body text, SET (fillfactor = 70);
      UPDATE webhook_delivery d SET body = v.body FROM webhook_event v WHERE v.organization_id = d.organization_id AND v.id = d.event_id;
      ALTER TABLE webhook_delivery ALTER COLUMN body SET NOT NULL, DROP CONSTRAINT webhook_delivery_organization_id_event_id_fkey;
      DROP TABLE webhook_event;
    `);
  }
}
