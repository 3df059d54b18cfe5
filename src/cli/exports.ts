import { writeFile } from 'node:fs/promises';
import type { INestApplicationContext } from '@nestjs/common';
import { InvalidArgumentError, Option, type Command } from 'commander';
import { ATTACK_DOMAINS } from '../catalogue/words/index.js';
import { INSTANT_WORDS, parseInstant } from '../common/instant.js';
import { EXPORT_FORMATS, PostureExports, type ExportFile, type ExportFormat } from '../exports/index.js';
import { OrganizationsService } from '../organizations/index.js';

type WithContext = (work: (context: INestApplicationContext) => Promise<void>) => Promise<void>;

interface ExportOptions {
  organization: string;
  format: ExportFormat;
  domain?: string;
  out?: string;
}

/** Adds `export posture` and `export changes`. */
export function addExportCommands(program: Command, withContext: WithContext): void {
  const parent = program.command('export').description('write posture to files');
  const command = (name: string, description: string): Command =>
    parent
      .command(name)
      .description(description)
      .requiredOption('--organization <slug>', 'the organisation, by its short name')
      .addOption(new Option('--format <format>', 'format of the file').choices([...EXPORT_FORMATS]).default('json'))
      .addOption(new Option('--domain <domain>', 'only techniques of this domain').choices([...ATTACK_DOMAINS]))
      .option('--out <file>', 'write to a file instead of printing');

  command('posture', 'write the posture of every technique in force').action((options: ExportOptions) =>
    withContext(async (context) => {
      const { organizationId, exports } = await partsOf(context, options);
      await write(await exports.posture(organizationId, options.format, options.domain), options);
    }),
  );
  command('changes', 'write the changes between two instants')
    .addOption(new Option('--from <instant>', 'start; by default 30 days before the end').argParser(instantOf))
    .addOption(new Option('--to <instant>', 'end; now by default').argParser(instantOf))
    .action((options: ExportOptions & { from?: Date; to?: Date }) =>
      withContext(async (context) => {
        const { organizationId, exports } = await partsOf(context, options);
        await write(await exports.changes(organizationId, options.format, options), options);
      }),
    );
}

async function partsOf(
  context: INestApplicationContext,
  { organization }: ExportOptions,
): Promise<{ organizationId: string; exports: PostureExports }> {
  const { id } = await context.get(OrganizationsService, { strict: false }).getBySlug(organization);
  return { organizationId: id, exports: context.get(PostureExports, { strict: false }) };
}

async function write({ text }: ExportFile, { out }: ExportOptions): Promise<void> {
  if (!out) process.stdout.write(text);
  else await writeFile(out, text);
}

function instantOf(text: string): Date {
  const instant = parseInstant(text);
  if (!instant) throw new InvalidArgumentError(`It ${INSTANT_WORDS}.`);
  return instant;
}
