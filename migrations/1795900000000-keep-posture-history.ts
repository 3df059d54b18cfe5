import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * What posture, the revalidation queue and the snapshots were at any instant. The tables hold the version that stands, and when it began; a trigger of each moves
 * what an update supersedes into a table beside it, in the update's own transaction.
 */
export class KeepPostureHistory1795900000000 implements MigrationInterface {
  name = 'KeepPostureHistory1795900000000';

  async up(queryRunner: QueryRunner): Promise<void> {
    for (const statement of [versions, posture, queue, snapshots]) await queryRunner.query(statement);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`
      DROP FUNCTION keep_versions(), forget_posture_history() CASCADE;
      DROP TABLE posture_history, revalidation_item_history, posture_snapshot_history;
      ALTER TABLE posture DROP COLUMN version, DROP COLUMN valid_from, DROP COLUMN change_source, DROP COLUMN change_id;
      ALTER TABLE revalidation_item DROP COLUMN version, DROP COLUMN valid_from, DROP COLUMN updated_by;
      ALTER TABLE posture_snapshot DROP COLUMN version, DROP COLUMN valid_from;
    `);
  }
}

/**
 * Keeps what an update supersedes, whoever updates. A writer says that a row has a new version by counting \`version\` up, and since when by \`valid_from\`.
 *
 * Versions of a row follow each other without a gap and never overlap, whatever a writer does: one that changes what is measured and says nothing (a foreign key
 * that sets null, a statement by hand) gets a version that begins when the statement ran and whose source is \`database\`; one whose clock stands before the
 * version that it supersedes gets one that begins when that one did, so that the superseded one is kept and was never in force.
 *
 * Arguments: the key of a row, the columns that are measured, further columns of the history and the expressions over the superseded row \`o\` that fill them, and
 * what else is set of a version that nobody spoke of. The statements are planned anew each time, because the transition tables hold one row or a million.
 */
const versions = `
  CREATE FUNCTION keep_versions() RETURNS trigger LANGUAGE plpgsql AS $$
  DECLARE
    measured text := TG_ARGV[1];
    compared text := format('(%s) IS DISTINCT FROM (%s)', regexp_replace(measured, '(\\w+)', 'o.\\1', 'g'), regexp_replace(measured, '(\\w+)', 'n.\\1', 'g'));
    is_new text := format('(%s OR n.version <> o.version)', compared);
    is_unspoken text := '(n.version = o.version AND n.valid_from = o.valid_from)';
    -- To the millisecond, as the application's clock has it.
    this_instant timestamptz := date_trunc('milliseconds', clock_timestamp());
    began text := format('greatest(o.valid_from, CASE WHEN %s THEN %L::timestamptz ELSE n.valid_from END)', is_unspoken, this_instant);
    repaired_version text := format('o.version + (%s)::integer', is_new);
    repaired_from text := format('CASE WHEN %s THEN %s ELSE o.valid_from END', is_new, began);
    is_broken text := format('(n.version, n.valid_from) <> (%s, %s)', repaired_version, repaired_from);
    broken bigint;
  BEGIN
    IF current_setting('vedette.repairing_versions', true) = 'on' OR NOT EXISTS (SELECT FROM new_rows) THEN RETURN NULL; END IF;
    EXECUTE format('
      WITH moved AS MATERIALIZED (
        SELECT o.*, %s AS is_new, %s AS began, %s AS is_broken FROM old_rows o JOIN new_rows n USING (%s)
        WHERE %s OR n.valid_from <> o.valid_from
      ), kept AS (
        INSERT INTO %I (%s, %s, %s version, valid_from, valid_to)
        SELECT %s, %s, %s version, valid_from, began FROM moved o WHERE is_new
      )
      SELECT count(*) FROM moved WHERE is_broken',
      is_new, began, is_broken, TG_ARGV[0], is_new,
      TG_TABLE_NAME || '_history', TG_ARGV[0], measured, TG_ARGV[2], TG_ARGV[0], measured, TG_ARGV[3]) INTO broken;
    IF broken > 0 THEN
      PERFORM set_config('vedette.repairing_versions', 'on', true);
      EXECUTE format('
        UPDATE %I t SET version = r.version, valid_from = r.valid_from %s
        FROM (
          SELECT %s, %s AS version, %s AS valid_from, %s AND %s AS is_unspoken FROM old_rows o JOIN new_rows n USING (%s) WHERE %s
        ) r
        WHERE (%s) = (%s)',
        TG_TABLE_NAME, TG_ARGV[4], TG_ARGV[0], repaired_version, repaired_from, is_new, is_unspoken, TG_ARGV[0], is_broken,
        regexp_replace(TG_ARGV[0], '(\\w+)', 't.\\1', 'g'), regexp_replace(TG_ARGV[0], '(\\w+)', 'r.\\1', 'g'));
      PERFORM set_config('vedette.repairing_versions', 'off', true);
    END IF;
    RETURN NULL;
  END $$;
`;

/**
 * The key of the history leads to the version of a technique at an instant in one step of the index, however many there are. Retention finds the oldest by the end.
 * No foreign key leads to the organisation: checking it for each row would make a release of ATT&CK, which touches a row of every technique and organisation, a
 * third slower. An organisation that is deleted takes its history along by a trigger, which runs once its posture is gone and nobody can add to it any more.
 */
const posture = `
  ALTER TABLE posture
    ADD COLUMN version integer NOT NULL DEFAULT 1,
    ADD COLUMN valid_from timestamptz NOT NULL DEFAULT now(),
    ADD COLUMN change_source text NOT NULL DEFAULT 'initial',
    ADD COLUMN change_id uuid,
    ADD CONSTRAINT posture_change_source_check
      CHECK (change_source IN ('initial', 'api', 'import', 'undo', 'catalogue', 'queue', 'demo', 'database'));
  UPDATE posture SET valid_from = updated_at, change_source = CASE WHEN updated_by IS NULL THEN 'initial' ELSE 'api' END;

  CREATE TABLE posture_history (
    organization_id uuid NOT NULL,
    technique_id uuid NOT NULL,
    version integer NOT NULL,
    valid_from timestamptz NOT NULL,
    valid_to timestamptz NOT NULL,
    status_global text NOT NULL,
    last_review_date timestamptz,
    risk_score double precision,
    owner_id uuid,
    in_force boolean NOT NULL,
    mitre_last_modified timestamptz NOT NULL,
    change_source text NOT NULL,
    change_id uuid,
    changed_by uuid,
    PRIMARY KEY (organization_id, technique_id, valid_from, version),
    CONSTRAINT posture_history_valid_to_check CHECK (valid_to >= valid_from)
  );
  CREATE INDEX posture_history_valid_to_idx ON posture_history (valid_to);

  CREATE FUNCTION forget_posture_history() RETURNS trigger LANGUAGE plpgsql AS $$
  BEGIN
    DELETE FROM posture_history WHERE organization_id IN (SELECT id FROM old_rows);
    RETURN NULL;
  END $$;
  CREATE TRIGGER forget_posture_history AFTER DELETE ON organization REFERENCING OLD TABLE AS old_rows
    FOR EACH STATEMENT EXECUTE FUNCTION forget_posture_history();

  CREATE TRIGGER keep_posture_versions AFTER UPDATE ON posture REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION keep_versions(
      'organization_id, technique_id',
      'status_global, last_review_date, risk_score, owner_id, in_force, mitre_last_modified',
      'change_source, change_id, changed_by,',
      'change_source, change_id, CASE WHEN change_source NOT IN (''catalogue'', ''database'') THEN updated_by END,',
      ', change_source = CASE WHEN r.is_unspoken THEN ''database'' ELSE t.change_source END, change_id = CASE WHEN NOT r.is_unspoken THEN t.change_id END');
`;

const queue = `
  ALTER TABLE revalidation_item
    ADD COLUMN version integer NOT NULL DEFAULT 1,
    ADD COLUMN valid_from timestamptz NOT NULL DEFAULT now(),
    ADD COLUMN updated_by uuid;
  UPDATE revalidation_item SET valid_from = CASE WHEN status = 'pending' THEN created_at ELSE updated_at END,
    updated_by = CASE WHEN status = 'pending' THEN created_by END;

  CREATE TABLE revalidation_item_history (
    organization_id uuid NOT NULL REFERENCES organization (id) ON DELETE CASCADE,
    id uuid NOT NULL,
    technique_id uuid NOT NULL,
    version integer NOT NULL,
    valid_from timestamptz NOT NULL,
    valid_to timestamptz NOT NULL,
    status text NOT NULL,
    due_at timestamptz,
    created_at timestamptz NOT NULL,
    changed_by uuid,
    PRIMARY KEY (organization_id, id, valid_from, version),
    CONSTRAINT revalidation_item_history_valid_to_check CHECK (valid_to >= valid_from)
  );
  CREATE INDEX revalidation_item_history_valid_to_idx ON revalidation_item_history (valid_to);

  CREATE TRIGGER keep_revalidation_item_versions AFTER UPDATE ON revalidation_item REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION keep_versions(
      'organization_id, id', 'status, due_at', 'technique_id, created_at, changed_by,', 'technique_id, created_at, updated_by,',
      ', updated_by = CASE WHEN NOT r.is_unspoken THEN t.updated_by END');
`;

/** A snapshot that was brought in for a day of which there was none counts from that day on, so that a replay of the past finds it. */
const snapshots = `
  ALTER TABLE posture_snapshot
    ADD COLUMN version integer NOT NULL DEFAULT 1,
    ADD COLUMN valid_from timestamptz NOT NULL DEFAULT now();
  UPDATE posture_snapshot SET valid_from = CASE WHEN source = 'historical' THEN least(snapshot_date::timestamp AT TIME ZONE 'UTC', updated_at) ELSE updated_at END;

  CREATE TABLE posture_snapshot_history (
    organization_id uuid NOT NULL REFERENCES organization (id) ON DELETE CASCADE,
    snapshot_date date NOT NULL,
    version integer NOT NULL,
    valid_from timestamptz NOT NULL,
    valid_to timestamptz NOT NULL,
    coverage_pct double precision NOT NULL,
    total integer NOT NULL,
    validated integer NOT NULL,
    partial integer NOT NULL,
    in_progress integer NOT NULL,
    not_covered integer NOT NULL,
    not_evaluated integer NOT NULL,
    source text NOT NULL,
    PRIMARY KEY (organization_id, snapshot_date, valid_from, version),
    CONSTRAINT posture_snapshot_history_valid_to_check CHECK (valid_to >= valid_from)
  );
  CREATE INDEX posture_snapshot_history_valid_to_idx ON posture_snapshot_history (valid_to);

  CREATE TRIGGER keep_posture_snapshot_versions AFTER UPDATE ON posture_snapshot REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION keep_versions(
      'organization_id, snapshot_date', 'coverage_pct, total, validated, partial, in_progress, not_covered, not_evaluated, source', '', '', '');
`;
