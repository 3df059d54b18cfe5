import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Rules that are limited to some techniques, and tags of an organisation's own to limit them by. Tags have their history, like all that a rule may measure by. */
export class LimitRules1796200000000 implements MigrationInterface {
  name = 'LimitRules1796200000000';

  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`
      ALTER TABLE posture ADD COLUMN tags text[] NOT NULL DEFAULT '{}';
      ALTER TABLE posture_history ADD COLUMN tags text[] NOT NULL DEFAULT '{}';
      ALTER TABLE posture_import_change ADD COLUMN before_tags text[] NOT NULL DEFAULT '{}', ADD COLUMN after_tags text[] NOT NULL DEFAULT '{}';
      ALTER TABLE alert_rule ADD COLUMN scope jsonb;
      ${keepVersionsOf(`${MEASURED_BEFORE}, tags`)}
    `);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`
      ${keepVersionsOf(MEASURED_BEFORE)}
      ALTER TABLE alert_rule DROP COLUMN scope;
      ALTER TABLE posture_import_change DROP COLUMN before_tags, DROP COLUMN after_tags;
      ALTER TABLE posture_history DROP COLUMN tags;
      ALTER TABLE posture DROP COLUMN tags;
    `);
  }
}

const MEASURED_BEFORE = 'status_global, last_review_date, risk_score, owner_id, in_force, mitre_last_modified';

/** The trigger of the history, on other columns than before. */
function keepVersionsOf(measured: string): string {
  return `
      DROP TRIGGER keep_posture_versions ON posture;
      CREATE TRIGGER keep_posture_versions AFTER UPDATE ON posture REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
        FOR EACH STATEMENT EXECUTE FUNCTION keep_versions(
          'organization_id, technique_id',
          '${measured}',
          'change_source, change_id, changed_by,',
          'change_source, change_id, CASE WHEN change_source NOT IN (''catalogue'', ''database'') THEN updated_by END,',
          ', change_source = CASE WHEN r.is_unspoken THEN ''database'' ELSE t.change_source END, change_id = CASE WHEN NOT r.is_unspoken THEN t.change_id END');`;
}
