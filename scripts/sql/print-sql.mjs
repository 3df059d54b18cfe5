import { NestFactory } from '@nestjs/core';
import { connect, startServer } from '../../bench/lib/server.mjs';
import { AppModule } from '../../dist/src/app.module.js';
import { readEnvironment } from '../../dist/src/config/index.js';
import { HOT_STATEMENTS } from './hot-statements.mjs';
import { printSchema } from './print-schema.mjs';
import { printStatement } from './print-statement.mjs';

const HEADER = [
  "Vedette's database schema, as the migrations make it. Run `npm run docs:sql` after a new migration; do not edit.",
  '',
  'This is for reading. Vedette makes and upgrades its schema by itself: see migrations/.',
];

/**
 * Prints the schema and the statements. It always uses a separate embedded PostgreSQL, because the output of PostgreSQL
 * depends on its version.
 * @returns the texts by file.
 */
export async function printSql() {
  const server = await startServer();
  try {
    const url = await server.createDatabase('migrated');
    const environment = readEnvironment({
      DATABASE_URL: url,
      VEDETTE_SECRET_KEY: 'this key protects printed schemas only',
      VEDETTE_LOG_LEVEL: 'error',
    });
    const application = await NestFactory.createApplicationContext(AppModule.register(environment, url), {
      logger: ['error'],
      abortOnError: false,
    });
    const client = await connect(url);
    try {
      const schema = await printSchema(client, HEADER);
      await expectSame(server, schema);
      const texts = new Map([['docs/schema.sql', schema]]);
      for (const statement of HOT_STATEMENTS) {
        texts.set(`docs/sql/${statement.file}.sql`, await printStatement(application, client, statement));
      }
      return texts;
    } finally {
      await client.end();
      await application.close();
    }
  } finally {
    await server.stop();
  }
}

/** Checks that the printed schema makes the same schema in an empty database. */
async function expectSame(server, schema) {
  const client = await connect(await server.createDatabase('printed'));
  try {
    await client.query(schema);
    if ((await printSchema(client, HEADER)) !== schema) {
      throw new Error('the printed schema makes another schema than the migrations');
    }
  } finally {
    await client.end();
  }
}
