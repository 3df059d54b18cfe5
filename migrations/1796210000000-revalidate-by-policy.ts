import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Techniques that were validated too long ago go into the queue by themselves, and whoever takes them out says what came of it. An organisation without a row has the
 * default policy, which is not enabled. The index tells what was queued for a technique before; the foreign key to posture is checked by it too.
 */
export class RevalidateByPolicy1796210000000 implements MigrationInterface {
  name = 'RevalidateByPolicy1796210000000';

  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`
      CREATE TABLE revalidation_policy (
        organization_id uuid PRIMARY KEY REFERENCES organization (id) ON DELETE CASCADE,
        is_enabled boolean NOT NULL,
        tiers jsonb NOT NULL,
        due_in_days integer NOT NULL,
        updated_at timestamptz NOT NULL,
        updated_by uuid NOT NULL,
        CONSTRAINT revalidation_policy_due_in_days_check CHECK (due_in_days BETWEEN 1 AND 365)
      );

      ALTER TABLE revalidation_item
        ADD COLUMN source text NOT NULL DEFAULT 'manual',
        ADD COLUMN stale_review_date timestamptz,
        ADD COLUMN outcome text,
        ADD COLUMN reviewed_at timestamptz,
        ADD CONSTRAINT revalidation_item_source_check CHECK (source IN ('manual', 'policy')),
        ADD CONSTRAINT revalidation_item_outcome_check CHECK (outcome IN ('passed', 'partial', 'failed')),
        ADD CONSTRAINT revalidation_item_reviewed_at_check CHECK ((outcome IS NULL) = (reviewed_at IS NULL));
      CREATE INDEX revalidation_item_organization_id_technique_id_idx ON revalidation_item (organization_id, technique_id);
    `);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`
      DROP INDEX revalidation_item_organization_id_technique_id_idx;
      ALTER TABLE revalidation_item DROP COLUMN source, DROP COLUMN stale_review_date, DROP COLUMN outcome, DROP COLUMN reviewed_at;
      DROP TABLE revalidation_policy;
    `);
  }
}
