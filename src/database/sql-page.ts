import type { DataSource } from 'typeorm';
import { encodeCursor, type KeysetCursor, type Page, type PageRequest } from '../common/pagination/index.js';
import { queryRows } from './sql.js';

/** A list that raw SQL reads. */
export interface SqlList<Row> {
  /** The text after `SELECT count(*) FROM`. It covers every row of the list. */
  counted: string;
  /** A `SELECT` of every row of the list that ends in its `WHERE` clause. */
  selected: string;
  /** The parameters of both. */
  parameters: readonly unknown[];
  /** The one or two columns that sort the list, with their types: the key of a cursor, and its id. */
  keys: readonly (readonly [column: string, type: string])[];
  direction: 'ASC' | 'DESC';
  /** The cursor that continues the list after a row. */
  cursorOf: (row: Row) => KeysetCursor;
}

/** Reads a page like `keysetPage`, without an entity. If the keys have an index, all pages by cursor cost the same. */
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
