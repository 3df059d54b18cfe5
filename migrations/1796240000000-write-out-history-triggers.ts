import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Gives each table with a history its own trigger function, with the statements written out. Before, one function built
 * the statements of all tables from the arguments of its triggers. The stored versions stay the same.
 */
export class WriteOutHistoryTriggers1796240000000 implements MigrationInterface {
  name = 'WriteOutHistoryTriggers1796240000000';

  async up(queryRunner: QueryRunner): Promise<void> {
    for (const statement of [posture, queue, snapshots]) await queryRunner.query(statement);
    await queryRunner.query('DROP FUNCTION keep_versions()');
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(before);
    await queryRunner.query(
      'DROP FUNCTION keep_posture_versions(), keep_revalidation_item_versions(), keep_posture_snapshot_versions()',
    );
  }
}

/*
 * The rules of all three functions:
 *
 * - A writer adds 1 to `version` and sets `valid_from` to the instant of the change. The superseded row goes into the
 *   history and ends at this instant. So the versions of a row have no gaps and never overlap.
 * - If a measured column changed and the writer set neither column (a foreign key that sets null, a manual statement),
 *   the trigger repairs the row: the new version begins at the instant of the statement.
 * - If the writer's clock is behind, the new version begins when the superseded one began. The superseded version is
 *   kept, although it was never in force.
 * - If only `valid_from` changed, the trigger sets it back.
 *
 * The two statements of each function are texts for EXECUTE on purpose. PostgreSQL plans a static statement once in a
 * session, with the row counts of that time: after an update of one row, an update of a million rows would use nested
 * loops.
 */

/** Stores the person behind a change only if a person made it. */
const posture = `
  CREATE FUNCTION keep_posture_versions() RETURNS trigger LANGUAGE plpgsql AS $$
  DECLARE
    -- In milliseconds, like the clock of the application.
    this_instant timestamptz := date_trunc('milliseconds', clock_timestamp());
    broken bigint;
  BEGIN
    IF current_setting('vedette.repairing_versions', true) = 'on' OR NOT EXISTS (SELECT FROM new_rows) THEN RETURN NULL; END IF;

    EXECUTE $sql$
      WITH moved AS MATERIALIZED (
        SELECT o.*, is_new, began, (n.version, n.valid_from) <> (right_version, right_from) AS is_broken
        FROM old_rows o
        JOIN new_rows n USING (organization_id, technique_id)
        CROSS JOIN LATERAL (
          SELECT n.version <> o.version
              OR (o.status_global, o.last_review_date, o.risk_score, o.owner_id, o.in_force, o.mitre_last_modified, o.tags)
                IS DISTINCT FROM (n.status_global, n.last_review_date, n.risk_score, n.owner_id, n.in_force, n.mitre_last_modified, n.tags) AS is_new,
            n.version = o.version AND n.valid_from = o.valid_from AS is_silent
        ) compared
        CROSS JOIN LATERAL (SELECT greatest(o.valid_from, CASE WHEN is_silent THEN $1 ELSE n.valid_from END) AS began) start
        CROSS JOIN LATERAL (
          SELECT o.version + is_new::integer AS right_version, CASE WHEN is_new THEN began ELSE o.valid_from END AS right_from
        ) expected
        WHERE is_new OR n.valid_from <> o.valid_from
      ), kept AS (
        INSERT INTO posture_history (organization_id, technique_id, status_global, last_review_date, risk_score, owner_id, in_force,
          mitre_last_modified, tags, change_source, change_id, changed_by, version, valid_from, valid_to)
        SELECT organization_id, technique_id, status_global, last_review_date, risk_score, owner_id, in_force,
          mitre_last_modified, tags, change_source, change_id,
          CASE WHEN change_source NOT IN ('catalogue', 'database') THEN updated_by END, version, valid_from, began
        FROM moved WHERE is_new
      )
      SELECT count(*) FROM moved WHERE is_broken$sql$
      INTO broken USING this_instant;

    IF broken > 0 THEN
      PERFORM set_config('vedette.repairing_versions', 'on', true);
      EXECUTE $sql$
        UPDATE posture t
        SET version = r.version, valid_from = r.valid_from,
          change_source = CASE WHEN r.is_silent THEN 'database' ELSE t.change_source END,
          change_id = CASE WHEN NOT r.is_silent THEN t.change_id END
        FROM (
          SELECT organization_id, technique_id, right_version AS version, right_from AS valid_from, is_new AND is_silent AS is_silent
          FROM old_rows o
          JOIN new_rows n USING (organization_id, technique_id)
          CROSS JOIN LATERAL (
            SELECT n.version <> o.version
                OR (o.status_global, o.last_review_date, o.risk_score, o.owner_id, o.in_force, o.mitre_last_modified, o.tags)
                  IS DISTINCT FROM (n.status_global, n.last_review_date, n.risk_score, n.owner_id, n.in_force, n.mitre_last_modified, n.tags) AS is_new,
              n.version = o.version AND n.valid_from = o.valid_from AS is_silent
          ) compared
          CROSS JOIN LATERAL (SELECT greatest(o.valid_from, CASE WHEN is_silent THEN $1 ELSE n.valid_from END) AS began) start
          CROSS JOIN LATERAL (
            SELECT o.version + is_new::integer AS right_version, CASE WHEN is_new THEN began ELSE o.valid_from END AS right_from
          ) expected
          WHERE (n.version, n.valid_from) <> (right_version, right_from)
        ) r
        WHERE t.organization_id = r.organization_id AND t.technique_id = r.technique_id$sql$
        USING this_instant;
      PERFORM set_config('vedette.repairing_versions', 'off', true);
    END IF;
    RETURN NULL;
  END $$;

  CREATE OR REPLACE TRIGGER keep_posture_versions AFTER UPDATE ON posture REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION keep_posture_versions();
`;

const queue = `
  CREATE FUNCTION keep_revalidation_item_versions() RETURNS trigger LANGUAGE plpgsql AS $$
  DECLARE
    -- In milliseconds, like the clock of the application.
    this_instant timestamptz := date_trunc('milliseconds', clock_timestamp());
    broken bigint;
  BEGIN
    IF current_setting('vedette.repairing_versions', true) = 'on' OR NOT EXISTS (SELECT FROM new_rows) THEN RETURN NULL; END IF;

    EXECUTE $sql$
      WITH moved AS MATERIALIZED (
        SELECT o.*, is_new, began, (n.version, n.valid_from) <> (right_version, right_from) AS is_broken
        FROM old_rows o
        JOIN new_rows n USING (organization_id, id)
        CROSS JOIN LATERAL (
          SELECT n.version <> o.version OR (o.status, o.due_at) IS DISTINCT FROM (n.status, n.due_at) AS is_new,
            n.version = o.version AND n.valid_from = o.valid_from AS is_silent
        ) compared
        CROSS JOIN LATERAL (SELECT greatest(o.valid_from, CASE WHEN is_silent THEN $1 ELSE n.valid_from END) AS began) start
        CROSS JOIN LATERAL (
          SELECT o.version + is_new::integer AS right_version, CASE WHEN is_new THEN began ELSE o.valid_from END AS right_from
        ) expected
        WHERE is_new OR n.valid_from <> o.valid_from
      ), kept AS (
        INSERT INTO revalidation_item_history (organization_id, id, status, due_at, technique_id, created_at, changed_by, version, valid_from, valid_to)
        SELECT organization_id, id, status, due_at, technique_id, created_at, updated_by, version, valid_from, began
        FROM moved WHERE is_new
      )
      SELECT count(*) FROM moved WHERE is_broken$sql$
      INTO broken USING this_instant;

    IF broken > 0 THEN
      PERFORM set_config('vedette.repairing_versions', 'on', true);
      EXECUTE $sql$
        UPDATE revalidation_item t
        SET version = r.version, valid_from = r.valid_from, updated_by = CASE WHEN NOT r.is_silent THEN t.updated_by END
        FROM (
          SELECT organization_id, id, right_version AS version, right_from AS valid_from, is_new AND is_silent AS is_silent
          FROM old_rows o
          JOIN new_rows n USING (organization_id, id)
          CROSS JOIN LATERAL (
            SELECT n.version <> o.version OR (o.status, o.due_at) IS DISTINCT FROM (n.status, n.due_at) AS is_new,
              n.version = o.version AND n.valid_from = o.valid_from AS is_silent
          ) compared
          CROSS JOIN LATERAL (SELECT greatest(o.valid_from, CASE WHEN is_silent THEN $1 ELSE n.valid_from END) AS began) start
          CROSS JOIN LATERAL (
            SELECT o.version + is_new::integer AS right_version, CASE WHEN is_new THEN began ELSE o.valid_from END AS right_from
          ) expected
          WHERE (n.version, n.valid_from) <> (right_version, right_from)
        ) r
        WHERE t.organization_id = r.organization_id AND t.id = r.id$sql$
        USING this_instant;
      PERFORM set_config('vedette.repairing_versions', 'off', true);
    END IF;
    RETURN NULL;
  END $$;

  CREATE OR REPLACE TRIGGER keep_revalidation_item_versions AFTER UPDATE ON revalidation_item
    REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION keep_revalidation_item_versions();
`;

const snapshots = `
  CREATE FUNCTION keep_posture_snapshot_versions() RETURNS trigger LANGUAGE plpgsql AS $$
  DECLARE
    -- In milliseconds, like the clock of the application.
    this_instant timestamptz := date_trunc('milliseconds', clock_timestamp());
    broken bigint;
  BEGIN
    IF current_setting('vedette.repairing_versions', true) = 'on' OR NOT EXISTS (SELECT FROM new_rows) THEN RETURN NULL; END IF;

    EXECUTE $sql$
      WITH moved AS MATERIALIZED (
        SELECT o.*, is_new, began, (n.version, n.valid_from) <> (right_version, right_from) AS is_broken
        FROM old_rows o
        JOIN new_rows n USING (organization_id, snapshot_date)
        CROSS JOIN LATERAL (
          SELECT n.version <> o.version
              OR (o.coverage_pct, o.total, o.validated, o.partial, o.in_progress, o.not_covered, o.not_evaluated, o.source, o.rollup, o.formula_version,
                o.scope, o.attack_versions, o.tactics, o.taken_at, o.baseline_pct, o.baseline_date, o.baseline_tactics)
              IS DISTINCT FROM (n.coverage_pct, n.total, n.validated, n.partial, n.in_progress, n.not_covered, n.not_evaluated, n.source, n.rollup,
                n.formula_version, n.scope, n.attack_versions, n.tactics, n.taken_at, n.baseline_pct, n.baseline_date, n.baseline_tactics) AS is_new,
            n.version = o.version AND n.valid_from = o.valid_from AS is_silent
        ) compared
        CROSS JOIN LATERAL (SELECT greatest(o.valid_from, CASE WHEN is_silent THEN $1 ELSE n.valid_from END) AS began) start
        CROSS JOIN LATERAL (
          SELECT o.version + is_new::integer AS right_version, CASE WHEN is_new THEN began ELSE o.valid_from END AS right_from
        ) expected
        WHERE is_new OR n.valid_from <> o.valid_from
      ), kept AS (
        INSERT INTO posture_snapshot_history (organization_id, snapshot_date, coverage_pct, total, validated, partial, in_progress, not_covered,
          not_evaluated, source, rollup, formula_version, scope, attack_versions, tactics, taken_at, baseline_pct, baseline_date, baseline_tactics,
          version, valid_from, valid_to)
        SELECT organization_id, snapshot_date, coverage_pct, total, validated, partial, in_progress, not_covered,
          not_evaluated, source, rollup, formula_version, scope, attack_versions, tactics, taken_at, baseline_pct, baseline_date, baseline_tactics,
          version, valid_from, began
        FROM moved WHERE is_new
      )
      SELECT count(*) FROM moved WHERE is_broken$sql$
      INTO broken USING this_instant;

    IF broken > 0 THEN
      PERFORM set_config('vedette.repairing_versions', 'on', true);
      EXECUTE $sql$
        UPDATE posture_snapshot t
        SET version = r.version, valid_from = r.valid_from
        FROM (
          SELECT organization_id, snapshot_date, right_version AS version, right_from AS valid_from
          FROM old_rows o
          JOIN new_rows n USING (organization_id, snapshot_date)
          CROSS JOIN LATERAL (
            SELECT n.version <> o.version
                OR (o.coverage_pct, o.total, o.validated, o.partial, o.in_progress, o.not_covered, o.not_evaluated, o.source, o.rollup,
                  o.formula_version, o.scope, o.attack_versions, o.tactics, o.taken_at, o.baseline_pct, o.baseline_date, o.baseline_tactics)
                IS DISTINCT FROM (n.coverage_pct, n.total, n.validated, n.partial, n.in_progress, n.not_covered, n.not_evaluated, n.source, n.rollup,
                  n.formula_version, n.scope, n.attack_versions, n.tactics, n.taken_at, n.baseline_pct, n.baseline_date, n.baseline_tactics) AS is_new,
              n.version = o.version AND n.valid_from = o.valid_from AS is_silent
          ) compared
          CROSS JOIN LATERAL (SELECT greatest(o.valid_from, CASE WHEN is_silent THEN $1 ELSE n.valid_from END) AS began) start
          CROSS JOIN LATERAL (
            SELECT o.version + is_new::integer AS right_version, CASE WHEN is_new THEN began ELSE o.valid_from END AS right_from
          ) expected
          WHERE (n.version, n.valid_from) <> (right_version, right_from)
        ) r
        WHERE t.organization_id = r.organization_id AND t.snapshot_date = r.snapshot_date$sql$
        USING this_instant;
      PERFORM set_config('vedette.repairing_versions', 'off', true);
    END IF;
    RETURN NULL;
  END $$;

  CREATE OR REPLACE TRIGGER keep_posture_snapshot_versions AFTER UPDATE ON posture_snapshot
    REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION keep_posture_snapshot_versions();
`;

/** The function and the triggers, exactly as earlier migrations made them. */
const before = `
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

  CREATE OR REPLACE TRIGGER keep_posture_versions AFTER UPDATE ON posture REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION keep_versions(
      'organization_id, technique_id',
      'status_global, last_review_date, risk_score, owner_id, in_force, mitre_last_modified, tags',
      'change_source, change_id, changed_by,',
      'change_source, change_id, CASE WHEN change_source NOT IN (''catalogue'', ''database'') THEN updated_by END,',
      ', change_source = CASE WHEN r.is_unspoken THEN ''database'' ELSE t.change_source END, change_id = CASE WHEN NOT r.is_unspoken THEN t.change_id END');

  CREATE OR REPLACE TRIGGER keep_revalidation_item_versions AFTER UPDATE ON revalidation_item REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION keep_versions(
      'organization_id, id', 'status, due_at', 'technique_id, created_at, changed_by,', 'technique_id, created_at, updated_by,',
      ', updated_by = CASE WHEN NOT r.is_unspoken THEN t.updated_by END');

  CREATE OR REPLACE TRIGGER keep_posture_snapshot_versions AFTER UPDATE ON posture_snapshot REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION keep_versions(
      'organization_id, snapshot_date',
      'coverage_pct, total, validated, partial, in_progress, not_covered, not_evaluated, source, rollup, formula_version, scope, attack_versions, tactics, taken_at, baseline_pct, baseline_date, baseline_tactics',
      '', '', '');
`;
