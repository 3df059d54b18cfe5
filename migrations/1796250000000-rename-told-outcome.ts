import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Renames the outcome `told` of stored evaluation runs to `already_alerted`. */
export class RenameToldOutcome1796250000000 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(rename('told', 'already_alerted'));
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(rename('already_alerted', 'told'));
  }
}

/** Keeps the order of the outcomes. Updates only runs that contain the outcome. */
function rename(from: string, to: string): string {
  return `
    UPDATE evaluation_run SET outcomes = (
      SELECT jsonb_agg(CASE WHEN o ->> 'outcome' = '${from}' THEN o || '{"outcome": "${to}"}' ELSE o END ORDER BY ord)
      FROM jsonb_array_elements(outcomes) WITH ORDINALITY AS e (o, ord))
    WHERE outcomes @> '[{"outcome": "${from}"}]'`;
}
