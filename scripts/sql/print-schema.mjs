// cspell:disable -- the catalogues of PostgreSQL have names that are not English words.
/**
 * Prints the schema `public` of a database as SQL that makes the same schema in an empty database. The same schema
 * always gives the same text.
 *
 * @param client a connection to the database.
 * @param header the lines of a comment that come first.
 * @returns the text.
 */
export async function printSchema(client, header) {
  await refuseUnknownKinds(client);
  const tables = await readTables(client);
  const parts = [
    header.map((line) => `-- ${line}`.trimEnd()).join('\n'),
    '-- The body of a function may name tables that come later.\nSET check_function_bodies = off;',
    ...(await readFunctions(client)),
    ...inOrderOfReference(tables).map(printTable),
    ...(await readViews(client)),
  ];
  return `${parts.join('\n\n')}\n`;
}

const LONGEST_LINE = 120;

/** TypeORM makes this table itself, before the first migration. */
const BOOKKEEPING = 'schema_migration';

const TABLES = `
  SELECT c.oid, c.relname AS name, c.reloptions AS settings, obj_description(c.oid, 'pg_class') AS comment
  FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r' AND c.relname <> $1`;

const COLUMNS = `
  SELECT a.attrelid AS oid, a.attname AS name, format_type(a.atttypid, a.atttypmod) AS type, a.attnotnull AS is_required, a.attgenerated AS generated,
    pg_get_expr(d.adbin, d.adrelid, true) AS value, col_description(a.attrelid, a.attnum) AS comment
  FROM pg_attribute a LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
  WHERE a.attrelid = ANY ($1) AND a.attnum > 0 AND NOT a.attisdropped`;

/** Constraints that only say NOT NULL are printed with their column. */
const CONSTRAINTS = `
  SELECT conrelid AS oid, conname AS name, contype AS kind, pg_get_constraintdef(oid, true) AS definition,
    (SELECT relname FROM pg_class WHERE oid = confrelid) AS target, obj_description(oid, 'pg_constraint') AS comment
  FROM pg_constraint WHERE conrelid = ANY ($1) AND contype <> 'n'`;

const INDEXES = `
  SELECT i.indrelid AS oid, c.relname AS name, pg_get_indexdef(i.indexrelid) AS definition, obj_description(c.oid, 'pg_class') AS comment
  FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
  WHERE i.indrelid = ANY ($1) AND NOT EXISTS (SELECT FROM pg_constraint WHERE conindid = i.indexrelid AND contype IN ('p', 'u', 'x'))`;

const TRIGGERS = `
  SELECT tgrelid AS oid, tgname AS name, pg_get_triggerdef(oid, true) AS definition, obj_description(oid, 'pg_trigger') AS comment
  FROM pg_trigger WHERE tgrelid = ANY ($1) AND NOT tgisinternal`;

/** Objects that this script cannot print yet. It fails if a migration makes one, so that none is left out unnoticed. */
const UNKNOWN_KINDS = `
  SELECT 'relation ' || relname AS what FROM pg_class
  WHERE relnamespace = 'public'::regnamespace AND relkind NOT IN ('r', 'i', 'v') AND NOT (relkind = 'S' AND relname LIKE $1 || '%')
  UNION ALL SELECT 'column ' || attrelid::regclass || '.' || attname FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
    WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' AND attnum > 0 AND NOT attisdropped AND (attidentity <> '' OR attcollation NOT IN (0, 100)
      OR attoptions IS NOT NULL OR attstattarget >= 0 OR attcompression <> ''
      OR attstorage <> (SELECT typstorage FROM pg_type WHERE oid = atttypid))
  UNION ALL SELECT 'type ' || typname FROM pg_type WHERE typnamespace = 'public'::regnamespace AND typtype IN ('e', 'd', 'r', 'm')
  UNION ALL SELECT 'aggregate, procedure or window function ' || proname FROM pg_proc WHERE pronamespace = 'public'::regnamespace AND prokind <> 'f'
  UNION ALL SELECT 'rule ' || rulename FROM pg_rewrite r JOIN pg_class c ON c.oid = ev_class
    WHERE relnamespace = 'public'::regnamespace AND rulename <> '_RETURN'
  UNION ALL SELECT 'policy ' || polname FROM pg_policy
  UNION ALL SELECT 'statistics ' || stxname FROM pg_statistic_ext
  UNION ALL SELECT 'disabled trigger ' || tgname FROM pg_trigger WHERE tgenabled <> 'O'
  UNION ALL SELECT 'extension ' || extname FROM pg_extension WHERE extname <> 'plpgsql'
  UNION ALL SELECT 'schema ' || nspname FROM pg_namespace WHERE nspname !~ '^pg_' AND nspname NOT IN ('public', 'information_schema')`;

async function refuseUnknownKinds(client) {
  const { rows } = await client.query(UNKNOWN_KINDS, [BOOKKEEPING]);
  if (rows.length > 0) {
    throw new Error(`scripts/sql/print-schema.mjs cannot print these yet: ${rows.map(({ what }) => what).join(', ')}`);
  }
}

/** Tables by name, each with its columns in their order, and with everything else that belongs to it by name. */
async function readTables(client) {
  const { rows: tables } = await client.query(`${TABLES} ORDER BY c.relname COLLATE "C"`, [BOOKKEEPING]);
  const partsOf = async (sql) => {
    const { rows } = await client.query(sql, [tables.map(({ oid }) => oid)]);
    return (table) => rows.filter(({ oid }) => oid === table.oid);
  };
  const columns = await partsOf(`${COLUMNS} ORDER BY a.attnum`);
  const constraints = await partsOf(`${CONSTRAINTS} ORDER BY strpos('puxcf', contype::text), conname COLLATE "C"`);
  const indexes = await partsOf(`${INDEXES} ORDER BY c.relname COLLATE "C"`);
  const triggers = await partsOf(`${TRIGGERS} ORDER BY tgname COLLATE "C"`);
  return tables.map((table) => ({
    ...table,
    columns: columns(table),
    constraints: constraints(table),
    indexes: indexes(table),
    triggers: triggers(table),
  }));
}

async function readFunctions(client) {
  const { rows } = await client.query(
    `SELECT p.oid::regprocedure::text AS name, pg_get_functiondef(p.oid) AS definition, obj_description(p.oid, 'pg_proc') AS comment
     FROM pg_proc p WHERE p.pronamespace = 'public'::regnamespace ORDER BY p.oid::regprocedure::text COLLATE "C"`,
  );
  return rows.map(({ name, definition, comment }) =>
    [`${unqualified(definition).trimEnd()};`, ...commentOn('FUNCTION', name, comment)].join('\n'),
  );
}

async function readViews(client) {
  const { rows } = await client.query(
    `SELECT c.relname AS name, pg_get_viewdef(c.oid, true) AS definition, obj_description(c.oid, 'pg_class') AS comment
     FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'v' ORDER BY c.relname COLLATE "C"`,
  );
  return rows.map(({ name, definition, comment }) =>
    [`CREATE VIEW ${name} AS\n${definition}`, ...commentOn('VIEW', name, comment)].join('\n'),
  );
}

/** By name, but a table comes after the tables that its foreign keys refer to. */
function inOrderOfReference(tables) {
  const printed = [];
  const isPrinted = (name) => printed.some((table) => table.name === name);
  const isReady = ({ name, constraints }) =>
    constraints.every(({ target }) => target === null || target === name || isPrinted(target));
  while (printed.length < tables.length) {
    const next = tables.find((table) => !isPrinted(table.name) && isReady(table));
    if (!next) throw new Error('scripts/sql/print-schema.mjs cannot print foreign keys that form a circle yet');
    printed.push(next);
  }
  return printed;
}

function printTable({ name, columns, constraints, indexes, triggers, settings, comment }) {
  const width = (of) => Math.max(...columns.map((column) => column[of].length));
  const lines = [
    ...columns.map((column) =>
      [column.name.padEnd(width('name')), column.type.padEnd(width('type')), ...columnRest(column)].join(' ').trimEnd(),
    ),
    ...constraints.map((constraint) => brokenLine(`CONSTRAINT ${constraint.name} ${constraint.definition}`, '    ')),
  ];
  const ending = settings === null ? ');' : `) WITH (${settings.toSorted().join(', ')});`;
  return [
    `CREATE TABLE ${name} (\n${lines.map((line) => `  ${line}`).join(',\n')}\n${ending}`,
    ...indexes.map(({ definition }) => brokenLine(`${unqualified(definition)};`, '  ')),
    ...triggers.map(({ definition }) => `${brokenTrigger(unqualified(definition))};`),
    ...commentOn('TABLE', name, comment),
    ...columns.flatMap((column) => commentOn('COLUMN', `${name}.${column.name}`, column.comment)),
    ...constraints.flatMap((of) => commentOn('CONSTRAINT', `${of.name} ON ${name}`, of.comment)),
    ...indexes.flatMap((of) => commentOn('INDEX', of.name, of.comment)),
    ...triggers.flatMap((of) => commentOn('TRIGGER', `${of.name} ON ${name}`, of.comment)),
  ].join('\n');
}

function columnRest({ is_required: isRequired, generated, value }) {
  const ofValue =
    value === null ? [] : generated === '' ? [`DEFAULT ${value}`] : [`GENERATED ALWAYS AS (${value}) STORED`];
  return [...(isRequired ? ['NOT NULL'] : []), ...ofValue];
}

/** Removes the name of the schema, because all objects are in the same one. */
function unqualified(definition) {
  return definition.replace(/^(CREATE .*? (?:FUNCTION|ON)) public\./, '$1 ');
}

/** Breaks a long line before the words that open a clause. */
function brokenLine(line, indent) {
  if (line.length <= LONGEST_LINE) return line;
  return line.replace(/ (USING btree|INCLUDE|WHERE|CHECK|FOREIGN KEY|REFERENCES) /g, `\n${indent}$1 `);
}

function brokenTrigger(definition) {
  return definition.replace(/ (REFERENCING|FOR EACH) /g, '\n  $1 ');
}

function commentOn(kind, name, comment) {
  return comment === null ? [] : [`COMMENT ON ${kind} ${name} IS '${comment.replaceAll("'", "''")}';`];
}
