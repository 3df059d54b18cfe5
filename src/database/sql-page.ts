import type { DataSource } from 'typeorm';
import { encodeCursor, type KeysetCursor, type Page, type PageRequest } from '../common/pagination/index.js';
import { queryRows } from './sql.js';

/** A list that is read by SQL of its own. */
export interface SqlList<Row> {
  /** What follows `SELECT count(*) FROM`: every row of the list. */
  counted: string;
  /** A `SELECT` of every row of the list that ends in its `WHERE` clause. */
  selected: string;
  /** The parameters of both. */
  parameters: readonly unknown[];
  /** The columns that sort the list, each with its type: the first takes the key of a cursor, the second, where there is one, its id. */
  keys: readonly (readonly [column: string, type: string])[];
  direction: 'ASC' | 'DESC';
  /** Where the list goes on after a row. */
  cursorOf: (row: Row) => KeysetCursor;
}

/** As `keysetPage`, of a list that no entity describes. An index on the keys makes a page by cursor cost the same at any depth. */
export async function sqlPage<Row>(dataSource: DataSource, list: SqlList<Row>, page: PageRequest): Promise<Page<Row>> {
  const { counted, selected, keys, direction, cursorOf } = list;
  const parameters = [...list.parameters];
  const bind = (value: unknown): string => `$${parameters.push(value)}`;
  const { cursor } = page;
  const columns = keys.map(([column]) => column);
  const ends = cursor ? keys.map(([, type], index) => `${bind(index === 0 ? cursor.key : cursor.id)}::${type}`) : [];
  const beyond = cursor ? ` AND (${columns.join(', ')}) ${direction === 'ASC' ? '>' : '<'} (${ends.join(', ')})` : '';
  const order = columns.map((column) => `${column} ${direction}`).join(', ');
  const [[count], rows] = await Promise.all([
    queryRows<{ total: number }>(dataSource, `SELECT count(*)::integer AS total FROM ${counted}`, [...list.parameters]),
    queryRows<Row>(
      dataSource,
      `${selected}${beyond} ORDER BY ${order} LIMIT ${bind(page.limit + 1)} OFFSET ${bind(page.offset ?? 0)}`,
      parameters,
    ),
  ]);
  const items = rows.slice(0, page.limit);
  const last = rows.length > page.limit ? items.at(-1) : undefined;
  return { items, total: count!.total, nextCursor: last ? encodeCursor(cursorOf(last)) : null };
}
