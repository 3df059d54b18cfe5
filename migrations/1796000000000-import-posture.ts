import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Imports of posture: what each proposed, what it changed, and what was there before. */
export class ImportPosture1796000000000 implements MigrationInterface {
  name = 'ImportPosture1796000000000';

  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`
      CREATE TABLE posture_import (
        id uuid PRIMARY KEY,
        organization_id uuid NOT NULL REFERENCES organization (id) ON DELETE CASCADE,
        status text NOT NULL,
        format text NOT NULL,
        preset text NOT NULL,
        options jsonb NOT NULL,
        file_name text,
        content_hash text NOT NULL,
        fingerprint text NOT NULL,
        byte_count integer NOT NULL,
        bytes_read integer NOT NULL DEFAULT 0,
        read jsonb,
        overview jsonb,
        lists jsonb,
        failure text,
        created_by uuid,
        created_at timestamptz NOT NULL,
        updated_at timestamptz NOT NULL,
        expires_at timestamptz NOT NULL,
        applied_by uuid,
        applied_at timestamptz,
        undone_by uuid,
        undone_at timestamptz,
        settled_at timestamptz NOT NULL,
        UNIQUE (organization_id, id),
        CONSTRAINT posture_import_status_check CHECK (status IN ('parsing', 'previewed', 'applied', 'undone', 'failed'))
      );
      CREATE INDEX posture_import_newest_idx ON posture_import (organization_id, created_at, id);
      CREATE INDEX posture_import_settled_at_idx ON posture_import (settled_at);
      CREATE INDEX posture_import_applied_idx ON posture_import (organization_id, applied_at) WHERE status = 'applied';
      CREATE UNIQUE INDEX posture_import_previewed_idx ON posture_import (organization_id, fingerprint) WHERE status = 'previewed';

      CREATE TABLE posture_import_change (
        organization_id uuid NOT NULL,
        import_id uuid NOT NULL,
        technique_id uuid NOT NULL,
        before_status text NOT NULL,
        before_review_date timestamptz,
        before_risk_score double precision,
        before_owner_id uuid,
        after_status text NOT NULL,
        after_review_date timestamptz,
        after_risk_score double precision,
        after_owner_id uuid,
        because text NOT NULL,
        remapped_from text[] NOT NULL,
        undo_outcome text,
        PRIMARY KEY (organization_id, import_id, technique_id),
        FOREIGN KEY (organization_id, import_id) REFERENCES posture_import (organization_id, id) ON DELETE CASCADE,
        CONSTRAINT posture_import_change_undo_outcome_check CHECK (undo_outcome IN ('restored', 'skipped'))
      );
    `);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query('DROP TABLE posture_import_change, posture_import');
  }
}
