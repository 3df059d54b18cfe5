import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Tags go to what replaces a technique too: rules that are limited by a tag would lose it without a word. */
export class CarryTagsOver1796230000000 implements MigrationInterface {
  name = 'CarryTagsOver1796230000000';

  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query('ALTER TABLE posture_carry_over ADD COLUMN tags text[], ADD COLUMN previous_tags text[]');
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query('ALTER TABLE posture_carry_over DROP COLUMN tags, DROP COLUMN previous_tags');
  }
}
