// Finds writes of a table outside its owner, in SQL and through TypeORM, and reads that foreign-reads.mjs does not
// list. The owner is the module with the entity. Only string literals and SQL keywords in upper case count.
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import ts from 'typescript';
import { root } from '../lib/prepare.mjs';
import { FOREIGN_READS } from './foreign-reads.mjs';

/** Functions of src/database that compose a statement for the table in a string literal. */
const COMPOSERS = ['insertRecords', 'expiredRows', 'expiredVersions'];

/** Files that write tables whose names they compose, each with its reason. */
const COMPOSED = { 'src/posture/reading/posture-replay.ts': 'fills temporary tables that it has created itself' };

const WRITES =
  /\b(?:INSERT INTO|UPDATE|DELETE FROM|MERGE INTO|TRUNCATE(?: TABLE)?|COPY)\s+(?:ONLY\s+)?(\$\{|"?[a-z_]+\b)/g;
const READS = /\b(?:FROM|JOIN|USING|LOCK TABLE)\s+(?:ONLY\s+)?"?([a-z_]+)\b/g;
const COMMA_READS = /,\s*"?([a-z_]+)"?(?:\s+(?:AS\s+)?[a-z_]+)?/y;
const CTE = /\b([a-z_]+)(?:\s*\([^()]*\))?\s+AS\s+(?:NOT\s+)?(?:MATERIALIZED\s+)?\(/g;

const WRITING_METHODS = new Set(
  'insert update delete save upsert remove softDelete softRemove recover increment decrement clear into'.split(' '),
);
const READING_METHODS =
  /^(?:createQueryBuilder|find\w*|count\w*|exist\w*|sum|average|minimum|maximum|innerJoin\w*|leftJoin\w*|from)$/;

const sources = readdirSync(path.join(root, 'src'), { recursive: true })
  .filter((name) => /(?<!\.spec)\.ts$/.test(name))
  .map((name) => path.posix.join('src', name.split(path.sep).join('/')))
  .sort()
  .map((file) => ts.createSourceFile(file, readFileSync(path.join(root, file), 'utf8'), ts.ScriptTarget.Latest, true));

const { ownerOf, tableOf } = entities();
const problems = [];
const readsFound = new Map();
for (const source of sources) inspect(source);
compareReads();

for (const problem of problems) console.error(problem);
process.exit(problems.length > 0 ? 1 : 0);

/** The tables of all entities: `ownerOf` by table, `tableOf` by class name. */
function entities() {
  const owners = new Map();
  const tables = new Map();
  for (const source of sources) {
    each(source, (node) => {
      if (!ts.isClassDeclaration(node)) return;
      const entity = (ts.getDecorators(node) ?? [])
        .map(({ expression }) => expression)
        .find((call) => ts.isCallExpression(call) && call.expression.getText() === 'Entity');
      if (!entity) return;
      const [given] = entity.arguments;
      const table = given && ts.isStringLiteral(given) ? given.text : snakeCase(node.name.text);
      tables.set(node.name.text, table);
      owners.set(table, moduleOf(source.fileName));
    });
  }
  if (owners.size === 0) throw new Error('no entity was found: this check no longer understands the sources');
  return { ownerOf: owners, tableOf: tables };
}

function inspect(source) {
  each(source, (node) => {
    if (ts.isStringLiteral(node) || ts.isNoSubstitutionTemplateLiteral(node) || ts.isTemplateExpression(node)) {
      inspectText(source, node);
    }
    if (ts.isCallExpression(node)) inspectCall(source, node);
  });
}

function inspectText(source, node) {
  const text = withoutExpressions(source, node);
  const named = new Set([...text.matchAll(CTE)].map(([, name]) => name));
  for (const match of text.matchAll(WRITES)) {
    const at = node.getStart() + match.index;
    if (match[1] === '${') noteComposed(source, at);
    else noteWrite(source, at, match[1].replace('"', ''));
  }
  for (const match of text.matchAll(READS)) {
    const isDelete = /\bDELETE\s+$/.test(text.slice(0, match.index));
    const tables = [match[1]];
    let end = match.index + match[0].length;
    const alias = /"?\s+(?:AS\s+)?(?!(?:JOIN|WHERE|ON|ORDER|GROUP|LIMIT|FOR|CROSS|LEFT|SET|USING)\b)[a-z_]+/y;
    alias.lastIndex = end;
    end += alias.exec(text)?.[0].length ?? 0;
    for (COMMA_READS.lastIndex = end; ;) {
      const next = COMMA_READS.exec(text);
      if (!next) break;
      tables.push(next[1]);
    }
    for (const table of isDelete ? [] : tables) {
      if (!named.has(table)) noteRead(source, node.getStart() + match.index, table);
    }
  }
}

/** The text of the literal, with `${}` blanked out so that its length stays the same. */
function withoutExpressions(source, node) {
  const start = node.getStart();
  let text = source.text.slice(start, node.getEnd());
  if (!ts.isTemplateExpression(node)) return text;
  for (const { expression } of node.templateSpans) {
    const [from, to] = [expression.getFullStart() - start, expression.getEnd() - start];
    text = text.slice(0, from) + '~'.repeat(to - from) + text.slice(to);
  }
  return text;
}

function inspectCall(source, call) {
  const at = call.getStart();
  const name = ts.isPropertyAccessExpression(call.expression) ? call.expression.name.text : call.expression.getText();
  const table = tableOf.get(call.arguments[0]?.getText());
  if (COMPOSERS.includes(name)) {
    for (const argument of call.arguments) {
      each(argument, (node) => {
        if (ts.isStringLiteral(node)) noteWrite(source, node.getStart(), node.text);
      });
    }
  } else if (table === undefined) {
    return;
  } else if (name === 'getRepository') {
    const then = ts.isPropertyAccessExpression(call.parent) ? call.parent.name.text : '';
    if (READING_METHODS.test(then)) noteRead(source, at, table);
    else noteWrite(source, at, table);
  } else if (WRITING_METHODS.has(name) || name === 'InjectRepository') {
    noteWrite(source, at, table);
  } else if (READING_METHODS.test(name)) {
    noteRead(source, at, table);
  }
}

function noteWrite(source, at, table) {
  const owner = ownerOf.get(table);
  const module = moduleOf(source.fileName);
  if (owner === undefined || owner === module) return;
  problems.push(`${place(source, at)}: ${module} writes ${table}, which ${owner} owns`);
}

/** This check cannot see a write of a table whose name is not in the text, so such a write is a problem itself. */
function noteComposed(source, at) {
  if (moduleOf(source.fileName) === 'database' || source.fileName in COMPOSED) return;
  problems.push(`${place(source, at)}: writes a table whose name is not in the text`);
}

function noteRead(source, at, table) {
  const owner = ownerOf.get(table);
  const module = moduleOf(source.fileName);
  if (owner === undefined || owner === module) return;
  const places = readsFound.get(`${module} ${table}`) ?? [];
  readsFound.set(`${module} ${table}`, [...places, place(source, at)]);
}

function compareReads() {
  const listed = new Set();
  for (const { reader, tables, reason } of FOREIGN_READS) {
    if (!reason) problems.push(`foreign-reads.mjs: ${reader} reading ${tables.join(', ')} has no reason`);
    for (const table of tables) {
      const key = `${reader} ${table}`;
      if (listed.has(key)) problems.push(`foreign-reads.mjs: ${reader} reading ${table} is listed twice`);
      listed.add(key);
      if (!readsFound.has(key)) problems.push(`foreign-reads.mjs: ${reader} does not read ${table} any more`);
    }
  }
  for (const [key, places] of readsFound) {
    if (listed.has(key)) continue;
    const [reader, table] = key.split(' ');
    for (const where of places) {
      problems.push(
        `${where}: ${reader} reads ${table}, which ${ownerOf.get(table)} owns, and foreign-reads.mjs does not list it`,
      );
    }
  }
}

function each(node, visit) {
  visit(node);
  ts.forEachChild(node, (child) => each(child, visit));
}

function place(source, at) {
  return `${source.fileName}:${source.getLineAndCharacterOfPosition(at).line + 1}`;
}

function moduleOf(file) {
  return file.split('/')[1];
}

/** The default table name of an entity, by the rule of `SnakeNamingStrategy`. */
function snakeCase(name) {
  return name.replace(/(?<!^)[A-Z]/g, '_$&').toLowerCase();
}
