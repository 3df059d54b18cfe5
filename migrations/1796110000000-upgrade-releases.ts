import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * A release of ATT&CK is loaded as one step that can be undone: what the catalogue was before is kept with the import, and so is what of anybody's posture it carried
 * over to replacements. Techniques say how the last release that changed them did. A rule remembers the releases that it fired for last.
 */
export class UpgradeReleases1796110000000 implements MigrationInterface {
  name = 'UpgradeReleases1796110000000';

  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`
      ALTER TABLE technique ADD COLUMN last_change_kind text, ADD COLUMN last_change_release text,
        ADD CONSTRAINT technique_last_change_kind_check
          CHECK (last_change_kind IN ('added', 'major', 'minor', 'metadata', 'revoked', 'deprecated'));
      ALTER TABLE catalogue_import ADD COLUMN undone_at timestamptz, ADD COLUMN undone_by uuid;
      ALTER TABLE rule_state ADD COLUMN last_occasion text;

      CREATE TABLE catalogue_before_image (
        import_id uuid PRIMARY KEY REFERENCES catalogue_import (id) ON DELETE CASCADE,
        techniques jsonb NOT NULL,
        tactics jsonb NOT NULL,
        added_ids uuid[] NOT NULL
      );

      CREATE TABLE posture_carry_over (
        organization_id uuid NOT NULL REFERENCES organization (id) ON DELETE CASCADE,
        technique_id uuid NOT NULL,
        import_id uuid NOT NULL REFERENCES catalogue_import (id) ON DELETE CASCADE,
        from_technique_id uuid NOT NULL,
        carried_at timestamptz NOT NULL,
        status_global text NOT NULL,
        last_review_date timestamptz,
        risk_score double precision,
        owner_id uuid,
        previous_risk_score double precision,
        previous_owner_id uuid,
        put_back_at timestamptz,
        PRIMARY KEY (organization_id, technique_id, import_id)
      );
      CREATE INDEX posture_carry_over_import_id_idx ON posture_carry_over (import_id);
    `);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`
      DROP TABLE posture_carry_over, catalogue_before_image;
      ALTER TABLE rule_state DROP COLUMN last_occasion;
      ALTER TABLE catalogue_import DROP COLUMN undone_at, DROP COLUMN undone_by;
      ALTER TABLE technique DROP COLUMN last_change_kind, DROP COLUMN last_change_release;
    `);
  }
}
