import path from 'node:path';
import type { INestApplicationContext } from '@nestjs/common';
import { Option, type Command } from 'commander';
import { Clock } from '../common/clock.js';
import { invalidField } from '../common/errors/index.js';
import { counted } from '../common/wire.js';
import {
  POSTURE_FILE_FORMATS,
  PostureImportApplier,
  PostureImports,
  PostureImportUndo,
  PostureImportUploads,
  PRESET_NAMES,
  toImportDetail,
  toUndoResponse,
  type PostureFileFormatName,
} from '../imports/index.js';
import { OrganizationsService } from '../organizations/index.js';

type WithContext = (work: (context: INestApplicationContext) => Promise<void>) => Promise<void>;

interface ImportOptions {
  organization: string;
  preset?: string;
  option: Record<string, string>;
  apply?: boolean;
  force?: boolean;
  json?: boolean;
}

type ImportDetail = ReturnType<typeof toImportDetail>;

/** How many entries of each list are printed. `--json` prints the answer of the API instead. */
const PRINTED = 10;

/** Adds `import <command> <file>` for each format of posture files, and `import undo <id>`. */
export function addImportCommands(parent: Command, withContext: WithContext): void {
  for (const { name: format, command, description, fileEndings } of POSTURE_FILE_FORMATS) {
    parent
      .command(`${command} <file>`)
      .description(`preview, and with --apply apply, posture from ${description} (${fileEndings.join(', ')})`)
      .requiredOption('--organization <slug>', 'the organisation, by its short name')
      .addOption(
        new Option('--preset <preset>', 'the rule that turns the file into posture').choices([...PRESET_NAMES]),
      )
      .option('--option <name=value>', 'an option of the preset; may be given several times', addPair, {})
      .option('--apply', 'apply the preview')
      .option('--force', 'preview the file although it is applied already')
      .option('--json', 'print the answer of the API')
      .action((file: string, options: ImportOptions) =>
        withContext((context) => importFile(context, file, format, options)),
      );
  }
  parent
    .command('undo <id>')
    .description('undo an applied import, except for techniques that were changed since')
    .requiredOption('--organization <slug>', 'the organisation, by its short name')
    .action((id: string, { organization }: { organization: string }) =>
      withContext(async (context) => {
        const organizationId = await organizationIdOf(context, organization);
        const undone = await context.get(PostureImportUndo, { strict: false }).undo(organizationId, id, null);
        print(toUndoResponse(undone, context.get(Clock, { strict: false }).now()));
      }),
    );
}

async function importFile(
  context: INestApplicationContext,
  file: string,
  format: PostureFileFormatName,
  { organization, preset, option, apply = false, force = false, json = false }: ImportOptions,
): Promise<void> {
  const organizationId = await organizationIdOf(context, organization);
  const imports = context.get(PostureImports, { strict: false });
  const uploads = context.get(PostureImportUploads, { strict: false });
  const request = { file, fileName: path.basename(file), format, preset, options: option, force, actorId: null };
  const { run, outcome } = await uploads.preview(await imports.prepare(organizationId, request));
  const show = async (shown: typeof run): Promise<void> => {
    const { items } = await imports.changes(organizationId, shown.id, { limit: json ? 100 : PRINTED });
    const now = context.get(Clock, { strict: false }).now();
    const detail = toImportDetail(shown, items, { now, alreadyApplied: outcome === 'already_applied' });
    if (json) print(detail);
    else console.log(describe(detail));
  };
  await show(run);
  if (!apply || outcome === 'already_applied') return;
  const applied = await context
    .get(PostureImportApplier, { strict: false })
    .apply(organizationId, run.id, { replan: false, actorId: null });
  if (json) return show(applied);
  const changed = counted(applied.overview!.counts.changed, 'technique');
  console.log(
    `applied: ${changed} changed; undo with: npx vedette import undo ${run.id} --organization ${organization}`,
  );
}

async function organizationIdOf(context: INestApplicationContext, slug: string): Promise<string> {
  return (await context.get(OrganizationsService, { strict: false }).getBySlug(slug)).id;
}

function addPair(text: string, pairs: Record<string, string>): Record<string, string> {
  const [name = '', ...rest] = text.split('=');
  if (rest.length === 0) throw invalidField('--option', 'must be a name and a value, such as partial_min=2');
  return { ...pairs, [name]: rest.join('=') };
}

function describe(run: ImportDetail): string {
  const counts = run.counts!;
  const list = <T>(title: string, total: number, items: readonly T[], line: (item: T) => string): string[] =>
    total === 0
      ? []
      : [
          `${title}: ${total}`,
          ...items.slice(0, PRINTED).map((item) => `  ${line(item)}`),
          ...(total > PRINTED ? [`  and ${total - PRINTED} more`] : []),
        ];
  return [
    `import ${run.id}: ${run.already_applied ? 'already applied' : run.status}, preset ${run.preset} ${JSON.stringify(run.options)}`,
    `${counted(counts.techniques, 'technique')} in ${counted(counts.entries, 'entry', 'entries')}: ` +
      `${counts.unchanged} unchanged, ${counts.silent} without a statement`,
    ...list('would change', counts.changed, run.changes, ({ attack_id: id, before, after, because }) => {
      const reviewed =
        after.last_review_date === before.last_review_date ? '' : `, reviewed ${after.last_review_date?.slice(0, 10)}`;
      return `${id}  ${before.status_global} -> ${after.status_global}${reviewed}  (${because})`;
    }),
    ...list(
      'status kept',
      counts.kept,
      run.kept,
      (item) => `${item.attack_id}  ${item.status}, not ${item.proposed}: ${item.reason}`,
    ),
    ...list('replaced by ATT&CK', counts.remapped, run.remapped, (item) => `${item.attack_id} -> ${item.to_attack_id}`),
    ...list(
      `not in the catalogue${releases(run)}`,
      counts.unmapped,
      run.unmapped,
      (item) => `${item.attack_id}: ${item.reason}`,
    ),
    ...list('out of scope', counts.out_of_scope, run.out_of_scope, (item) => `${item.attack_id}: ${item.reason}`),
    ...list('left out', counts.problems, run.problems, ({ at, message }) => `${at}: ${message}`),
    ...list('hints', run.hints.length, run.hints, (hint) => hint),
  ].join('\n');
}

/** Names the releases, because an unknown id may belong to a newer one. */
function releases({ attack_version: version, catalogue }: ImportDetail): string {
  const loaded = catalogue.map(({ domain, attack_version: release }) => `${domain} ${release ?? ''}`.trim()).join(', ');
  return ` (${loaded}${version === null ? '' : `; the file is for ATT&CK ${version}`})`;
}

function print(value: object): void {
  console.log(JSON.stringify(value, null, 2));
}
