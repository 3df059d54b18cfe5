import 'reflect-metadata';
import { writeFile } from 'node:fs/promises';
import type { INestApplicationContext } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { Command, InvalidArgumentError, Option } from 'commander';
import { DataSource } from 'typeorm';
import { AppModule } from '../app.module.js';
import { AuthService } from '../auth/index.js';
import { buildFactsFile } from '../catalogue/index.js';
import { ATTACK_DOMAINS, type AttackDomain } from '../catalogue/words/index.js';
import { ROLES, type Role } from '../common/access/index.js';
import { counted } from '../common/wire.js';
import { Environment, readEnvironment } from '../config/index.js';
import { openDatabaseServer } from '../database/index.js';
import { createApp, createLogger, buildOpenApiDocument } from '../http/index.js';
import { OrganizationsService } from '../organizations/index.js';
import { CatalogueImports, CataloguePreview, CatalogueUndo, toImportPreviewResponse } from '../releases/index.js';
import { SetupService } from '../setup/index.js';
import { EndpointKeys } from '../webhooks/index.js';
import { addExportCommands } from './exports.js';
import { addImportCommands } from './imports.js';
import { rotationMessage } from './rotation-message.js';

for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    // `npx vedette ... | head` stops reading early. The command still completes, because it may be changing data.
    if (error.code !== 'EPIPE') throw error;
  });
}

const program = new Command('vedette')
  .description('Operational alerts for MITRE ATT&CK detection coverage: the command line')
  .showHelpAfterError();

const attackVersion = new Option(
  '--attack-version <version>',
  'ATT&CK release, such as 18.1; required for STIX 2.0 bundles, which do not contain it',
).argParser((value: string) => {
  if (/^\d+(\.\d+)?$/.test(value)) return value;
  throw new InvalidArgumentError('It must be a release, such as 18.1.');
});
const domain = new Option('--domain <domain>', 'ATT&CK domain, if the bundle does not contain it').choices([
  ...ATTACK_DOMAINS,
]);

interface BundleOptions {
  attackVersion?: string;
  domain?: AttackDomain;
}

interface ImportOptions extends BundleOptions {
  allowOlder?: boolean;
  carryOver: boolean;
  preview?: boolean;
  organization?: string;
}

const imports = program.command('import').description('import data');
imports
  .command('attack <file>')
  .description('import an ATT&CK STIX 2.0 or 2.1 bundle into the catalogue')
  .addOption(attackVersion)
  .addOption(domain)
  .option('--allow-older', 'import a release older than the one loaded')
  .option('--no-carry-over', 'do not carry the posture of revoked techniques over to their replacements')
  .option('--preview', 'show the effect of the import on an organisation, and import nothing')
  .option('--organization <slug>', 'short name of the organisation to preview; default: the oldest one')
  .action(async (file: string, { preview, organization: slug, ...options }: ImportOptions) => {
    await withContext(async (context) => {
      if (preview) {
        const organizations = context.get(OrganizationsService, { strict: false });
        const { id } = slug === undefined ? (await organizations.list())[0]! : await organizations.getBySlug(slug);
        const previews = context.get(CataloguePreview, { strict: false });
        print(toImportPreviewResponse(await withFileName(file, previews.preview(id, file, options))));
        return;
      }
      const imports = context.get(CatalogueImports, { strict: false });
      print(
        await withFileName(file, imports.importFile(file, { ...options, source: `cli: ${file}`, importedBy: null })),
      );
    });
  });

addImportCommands(imports, withContext);
addExportCommands(program, withContext);

const catalogue = program.command('catalogue').description('manage the catalogue');
catalogue
  .command('undo <import-id>')
  .description('undo the newest import of a domain: restore the catalogue and the posture that the import carried over')
  .action(async (importId: string) => {
    await withContext(async (context) => {
      print(await context.get(CatalogueUndo, { strict: false }).undo(importId, null));
    });
  });
catalogue
  .command('build-facts <bundle>')
  .description('write a facts-only table (no descriptions) from a bundle')
  .requiredOption('--out <file>', 'the file to write')
  .addOption(attackVersion)
  .addOption(domain)
  .action(async (bundle: string, { out, ...options }: BundleOptions & { out: string }) => {
    await withFileName(bundle, buildFactsFile(bundle, out, options));
    console.log(`wrote ${out}`);
  });

const organization = program.command('organization').description('manage the organisations of this deployment');
organization
  .command('create <name>')
  .description('create an organisation with its posture, system rules and first admin')
  .requiredOption('--admin-email <email>', 'the first admin')
  .option('--slug <slug>', 'short name of the organisation; default: derived from the name')
  .option(
    '--link-existing',
    'allow an admin who has an account already; they get a new password and must sign in again',
  )
  .action(async (name: string, options: { adminEmail: string; slug?: string; linkExisting?: boolean }) => {
    await withContext(async (context) => {
      const created = await context.get(SetupService, { strict: false }).createOrganization({ name, ...options });
      console.log(`created ${created.name} (${created.slug}), id ${created.id}`);
      console.log(`admin ${created.adminEmail}, password ${created.generatedPassword} (shown this once)`);
    });
  });
organization
  .command('list')
  .description('list the organisations')
  .action(async () => {
    await withContext(async (context) => {
      for (const { id, slug, name } of await context.get(OrganizationsService, { strict: false }).list()) {
        console.log(`${id}  ${slug}  ${name}`);
      }
    });
  });

const user = program.command('user').description('manage the users of this deployment');
user
  .command('add <email>')
  .description('add a user to another organisation, give them a new random password and end their sessions')
  .requiredOption('--organization <slug>', 'the organisation, by its short name')
  .addOption(new Option('--role <role>', 'role in the organisation').choices([...ROLES]).makeOptionMandatory())
  .action(async (email: string, options: { organization: string; role: Role }) => {
    await withContext(async (context) => {
      const { id, name } = await context.get(OrganizationsService, { strict: false }).getBySlug(options.organization);
      const { role } = options;
      const password = await context.get(AuthService, { strict: false }).addMember(id, { email, role });
      console.log(`${email} is a member of ${name} as ${role}, password ${password} (shown this once)`);
    });
  });
user
  .command('reset-password <email>')
  .description('give a user a new random password and end their sessions')
  .action(async (email: string) => {
    await withContext(async (context) => {
      const password = await context.get(AuthService, { strict: false }).resetPassword(email);
      console.log(`password of ${email}: ${password} (shown this once)`);
    });
  });

program
  .command('secrets')
  .description('manage encrypted data')
  .command('rotate-key')
  .description(
    'encrypt the secrets of webhook endpoints again, with VEDETTE_SECRET_KEY instead of VEDETTE_SECRET_KEY_PREVIOUS',
  )
  .action(async () => {
    await withContext(async (context) => {
      const count = await context.get(EndpointKeys, { strict: false }).rotate();
      const { VEDETTE_SECRET_KEY_PREVIOUS: previousKey } = context.get(Environment, { strict: false });
      console.log(rotationMessage(count, previousKey !== undefined));
    });
  });

program
  .command('schema')
  .description('check the database schema')
  .command('check')
  .description('fail if the migrations and the entities differ')
  .action(async () => {
    await withContext(async (context) => {
      const { upQueries } = await context.get(DataSource).driver.createSchemaBuilder().log();
      if (upQueries.length === 0) return console.log('the schema from the migrations matches the entities');
      console.error(
        `the schema differs from the entities: the migrations lack ${counted(upQueries.length, 'statement')}:`,
      );
      for (const { query } of upQueries) console.error(`  ${query}`);
      process.exitCode = 1;
    });
  });

program
  .command('openapi')
  .description('print the OpenAPI document')
  .option('--out <file>', 'write it to a file instead')
  .action(async ({ out }: { out?: string }) => {
    await withDatabase(async (environment, url) => {
      const app = await createApp(environment, url);
      const text = `${JSON.stringify(buildOpenApiDocument(app), null, 2)}\n`;
      await app.close();
      if (out) await writeFile(out, text);
      else process.stdout.write(text);
    });
  });

/** Adds the name of the file to an error message. */
async function withFileName<T>(file: string, work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    throw new Error(`${file}: ${(error as Error).message}`, { cause: error });
  }
}

/** Runs `work` on the database of the server. If the embedded database is not running, starts it for this time. */
async function withDatabase(work: (environment: Environment, url: string) => Promise<void>): Promise<void> {
  const environment = Object.assign(readEnvironment(), {
    VEDETTE_LOG_LEVEL: 'warn',
    DATABASE_POOL_SIZE: 3,
  } satisfies Partial<Environment>);
  const server = await openDatabaseServer(environment, () => {});
  try {
    await work(environment, server.url);
  } finally {
    await server.stop();
  }
}

async function withContext(work: (context: INestApplicationContext) => Promise<void>): Promise<void> {
  await withDatabase(async (environment, url) => {
    const context = await NestFactory.createApplicationContext(AppModule.register(environment, url), {
      logger: createLogger(environment),
      abortOnError: false,
    });
    try {
      await work(context);
    } finally {
      await context.close();
    }
  });
}

function print(value: object): void {
  console.log(JSON.stringify(value, null, 2));
}

try {
  await program.parseAsync();
} catch (error) {
  console.error(error instanceof Error ? error.message : String(error));
  process.exitCode = 1;
}
