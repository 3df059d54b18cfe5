import { DataSource } from 'typeorm';
import { format } from 'sql-formatter';
import { recordStatements } from './record-statements.mjs';

const LAYOUT = { language: 'postgresql', keywordCase: 'preserve', tabWidth: 2, expressionWidth: 100 };

/** A line with only the keywords of a clause, without a parenthesis. */
const CLAUSE = /^ *[A-Z][A-Z ]*[A-Z]$/;

const LONGEST_LINE = 120;

/**
 * Prints one of the hot statements, formatted, below a comment that explains it and its parameters.
 * @param client a connection to a migrated database, which prepares and plans the statement to prove that it is valid.
 */
export async function printStatement(application, client, statement) {
  const { file, does, runs, parameters, call } = statement;
  try {
    const sent = await findStatement(application, statement);
    const sql = withShortClausesJoined(format(sent, LAYOUT));
    if (withoutSpace(sql) !== withoutSpace(sent)) throw new Error('formatting changed more than white space');
    const types = await prepare(client, sql);
    if (types.length !== parameters.length) {
      throw new Error(`it has ${types.length} parameters, but ${parameters.length} are described`);
    }
    const text = [
      ...wrapped(does),
      ...wrapped(runs),
      `-- Sent by ${call[0].name}.${call[1]}.`,
      ...(types.length > 0 ? ['--'] : []),
      ...parameters.map((words, index) => `-- $${index + 1} ${types[index]}: ${words}`),
      `${sql};\n`,
    ].join('\n');
    await client.query(`EXPLAIN (GENERIC_PLAN) ${text}`);
    return text;
  } catch (error) {
    throw new Error(`scripts/sql/hot-statements.mjs, ${file}: ${error.message}`, { cause: error });
  }
}

/** Finds the wanted statement among those that the method sends. */
async function findStatement(application, { statement: which, contains = '', ...call }) {
  const { texts, failure } = await recordStatements(application, application.get(DataSource), call);
  const found = texts.filter((text, index) =>
    typeof which === 'number' ? index === which && text.includes(contains) : text.includes(which ?? ''),
  );
  if (found.length === 1) return found[0];
  const sent = texts.map((text, index) => `\n${index}: ${text.trim().slice(0, 100)}`).join('');
  throw new Error(`${found.length} statements match, of those that were sent:${sent}`, { cause: failure });
}

/** @returns the types of the parameters. */
async function prepare(client, sql) {
  await client.query(`PREPARE printed AS ${sql}`);
  const { rows } = await client.query(
    `SELECT parameter_types::text[] AS types FROM pg_prepared_statements WHERE name = 'printed'`,
  );
  await client.query('DEALLOCATE printed');
  return rows[0].types;
}

/** The formatter puts the body of each clause on separate lines. This joins a body of one line with its keyword. */
function withShortClausesJoined(sql) {
  const lines = sql.split('\n');
  const indent = (line) => (line === undefined ? 0 : line.length - line.trimStart().length);
  const joined = [];
  for (let at = 0; at < lines.length; at += 1) {
    const [line, body, next] = lines.slice(at, at + 3);
    const isShort = indent(body) > indent(line) && indent(next) <= indent(line);
    if (isShort && CLAUSE.test(line) && line.length + body.trim().length < LONGEST_LINE) {
      joined.push(`${line} ${body.trim()}`);
      at += 1;
    } else {
      joined.push(line);
    }
  }
  return joined.join('\n');
}

function withoutSpace(text) {
  return text.replace(/\s+/g, '');
}

/** Comment lines of at most 100 characters. */
function wrapped(sentence) {
  return sentence
    .replace(/(.{1,97})(?:\s|$)/g, '$1\n')
    .trimEnd()
    .split('\n')
    .map((line) => `-- ${line}`);
}
