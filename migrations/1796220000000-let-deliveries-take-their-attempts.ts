import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Attempts go with their deliveries by a trigger, once a statement, and no more by a foreign key, which looked for the delivery of every attempt that was written: about a
 * tenth of what PostgreSQL does for a webhook. The statement that writes attempts holds their deliveries locked, so that none can be deleted under them.
 */
export class LetDeliveriesTakeTheirAttempts1796220000000 implements MigrationInterface {
  name = 'LetDeliveriesTakeTheirAttempts1796220000000';

  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`
      ALTER TABLE webhook_attempt DROP CONSTRAINT webhook_attempt_organization_id_delivery_id_fkey;
      CREATE FUNCTION delete_webhook_attempts() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN
        DELETE FROM webhook_attempt a USING deleted d WHERE a.organization_id = d.organization_id AND a.delivery_id = d.id;
        RETURN NULL;
      END $$;
      CREATE TRIGGER delete_webhook_attempts AFTER DELETE ON webhook_delivery REFERENCING OLD TABLE AS deleted
        FOR EACH STATEMENT EXECUTE FUNCTION delete_webhook_attempts();
    `);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`
      DROP TRIGGER delete_webhook_attempts ON webhook_delivery;
      DROP FUNCTION delete_webhook_attempts;
      ALTER TABLE webhook_attempt
        ADD FOREIGN KEY (organization_id, delivery_id) REFERENCES webhook_delivery (organization_id, id) ON DELETE CASCADE;
    `);
  }
}
