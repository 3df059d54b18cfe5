import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * A snapshot says how it was counted (roll-up, scope, formula, releases of ATT&CK), what it found per tactic, and of which instant it is. Where the catalogue moved
 * since the comparable one before it, it also keeps what that one would have been on its own catalogue.
 */
export class KeepHonestSnapshots1796100000000 implements MigrationInterface {
  name = 'KeepHonestSnapshots1796100000000';

  async up(queryRunner: QueryRunner): Promise<void> {
    for (const statement of [policy, columns, known, versions([...MEASURED, ...ADDED])])
      await queryRunner.query(statement);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    const dropped = ADDED.map((column) => `DROP COLUMN ${column}`).join(', ');
    await queryRunner.query(`
      ${versions(MEASURED)}
      ALTER TABLE posture_snapshot ${dropped};
      ALTER TABLE posture_snapshot_history ${dropped};
      DROP TABLE snapshot_policy;
    `);
  }
}

/** An organisation that has no row counts everything in scope, flat. */
const policy = `
  CREATE TABLE snapshot_policy (
    organization_id uuid PRIMARY KEY REFERENCES organization (id) ON DELETE CASCADE,
    rollup text NOT NULL DEFAULT 'flat',
    scope jsonb,
    updated_at timestamptz NOT NULL DEFAULT now(),
    updated_by uuid,
    CONSTRAINT snapshot_policy_rollup_check CHECK (rollup IN ('flat', 'leaf', 'parent_mean', 'parent_any'))
  );
`;

const MEASURED = [
  'coverage_pct',
  'total',
  'validated',
  'partial',
  'in_progress',
  'not_covered',
  'not_evaluated',
  'source',
];

const ADDED = [
  'rollup',
  'formula_version',
  'scope',
  'attack_versions',
  'tactics',
  'taken_at',
  'baseline_pct',
  'baseline_date',
  'baseline_tactics',
];

const added = `
  ADD COLUMN rollup text NOT NULL DEFAULT 'flat',
  ADD COLUMN formula_version integer NOT NULL DEFAULT 1,
  ADD COLUMN scope jsonb,
  ADD COLUMN attack_versions jsonb,
  ADD COLUMN tactics jsonb,
  ADD COLUMN taken_at timestamptz,
  ADD COLUMN baseline_pct double precision,
  ADD COLUMN baseline_date date,
  ADD COLUMN baseline_tactics jsonb`;

const columns = `
  ALTER TABLE posture_snapshot ${added},
    ADD CONSTRAINT posture_snapshot_rollup_check CHECK (rollup IN ('flat', 'leaf', 'parent_mean', 'parent_any'));
  ALTER TABLE posture_snapshot_history ${added};
`;

/** Of a snapshot that was taken, the releases are those that were loaded by then. Nothing that is measured changes by that, so that it makes no version. */
const known = `
  ALTER TABLE posture_snapshot DISABLE TRIGGER keep_posture_snapshot_versions;
  UPDATE posture_snapshot s SET taken_at = s.updated_at, attack_versions = loaded.versions
  FROM posture_snapshot t CROSS JOIN LATERAL (
    SELECT coalesce(jsonb_object_agg(i.domain, i.attack_version), '{}') AS versions FROM (
      SELECT DISTINCT ON (domain) domain, attack_version FROM catalogue_import WHERE created_at <= t.updated_at ORDER BY domain, created_at DESC, id DESC
    ) i
  ) loaded
  WHERE s.source <> 'historical' AND t.organization_id = s.organization_id AND t.snapshot_date = s.snapshot_date;
  ALTER TABLE posture_snapshot ENABLE TRIGGER keep_posture_snapshot_versions;
`;

function versions(measured: readonly string[]): string {
  return `
    DROP TRIGGER keep_posture_snapshot_versions ON posture_snapshot;
    CREATE TRIGGER keep_posture_snapshot_versions AFTER UPDATE ON posture_snapshot REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
      FOR EACH STATEMENT EXECUTE FUNCTION keep_versions('organization_id, snapshot_date', '${measured.join(', ')}', '', '', '');
  `;
}
