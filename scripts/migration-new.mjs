// `npm run migration:new NAME`: a new migration with an empty `up` and `down`, listed last in migrations/index.ts.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { root } from './lib/prepare.mjs';

const folder = path.join(root, 'migrations');
const index = path.join(folder, 'index.ts');
/** The distance between timestamps in milliseconds. A migration of another branch fits in between. */
const STEP = 10_000_000;

const existing = readdirSync(folder).flatMap((file) => {
  const [, timestamp, name] = /^(\d{13})-(.+)\.ts$/.exec(file) ?? [];
  return timestamp ? [{ timestamp: Number(timestamp), name }] : [];
});
const name = process.argv[2];
const problem = problemOf(name);
if (problem) {
  console.error(problem);
  process.exit(1);
}

const newest = Math.max(0, ...existing.map(({ timestamp }) => timestamp));
const timestamp = (Math.floor(newest / STEP) + 1) * STEP;
const className = name.replace(/(?:^|-)(\w)/g, (_, letter) => letter.toUpperCase()) + timestamp;
const file = `${timestamp}-${name}`;
writeFileSync(index, withMigration(readFileSync(index, 'utf8')));
writeFileSync(path.join(folder, `${file}.ts`), skeleton(), { flag: 'wx' });
console.log(`wrote migrations/${file}.ts and listed it in migrations/index.ts`);

function problemOf(given) {
  if (!given || process.argv.length > 3) return 'usage: npm run migration:new NAME, such as keep-posture-history';
  if (!/^[a-z]+(-[a-z0-9]+)+$/.test(given) || given.length > 60) {
    return `${given} cannot be the name of a migration: use two or more lower-case words with hyphens, a verb first, such as keep-posture-history`;
  }
  return existing.some((migration) => migration.name === given) ? `the migration ${given} already exists` : undefined;
}

function withMigration(source) {
  const imports = source.lastIndexOf("';\n", source.indexOf('export const migrations')) + 3;
  const end = source.lastIndexOf('];');
  if (imports < 3 || end < imports) throw new Error('migrations/index.ts has no imports or no list `migrations`');
  return (
    `${source.slice(0, imports)}import { ${className} } from './${file}.js';\n` +
    `${source.slice(imports, end)}  ${className},\n${source.slice(end)}`
  );
}

function skeleton() {
  return `import type { MigrationInterface, QueryRunner } from 'typeorm';

/** TODO: why the schema changes, in one sentence. */
export class ${className} implements MigrationInterface {
  name = '${className}';

  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query('TODO');
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query('TODO');
  }
}
`;
}
