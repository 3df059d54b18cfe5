import type { ObjectLiteral, SelectQueryBuilder } from 'typeorm';
import { encodeCursor, type Page, type PageRequest } from '../common/pagination/index.js';

/** Rows with a sort key: an instant, then the id for equal instants. */
type Keyed<Key extends string> = ObjectLiteral & { id: string } & Record<Key, Date>;

/**
 * One page of `matching`, sorted by an instant and the id. With an index on those two, a page by cursor costs the same
 * at any depth. Cursors have only milliseconds, so the application's clock must have written the instants.
 */
export async function keysetPage<Key extends string, Row extends Keyed<Key>>(
  matching: SelectQueryBuilder<Row>,
  key: Key,
  direction: 'ASC' | 'DESC',
  page: PageRequest,
): Promise<Page<Row>> {
  const { alias } = matching;
  const sorted = matching
    .clone()
    .orderBy(`${alias}.${key}`, direction)
    .addOrderBy(`${alias}.id`, direction)
    .offset(page.offset ?? 0)
    .limit(page.limit + 1);
  if (page.cursor) {
    const beyond = direction === 'ASC' ? '>' : '<';
    sorted.andWhere(`(${alias}.${key}, ${alias}.id) ${beyond} (:cursorKey::timestamptz, :cursorId::uuid)`, {
      cursorKey: page.cursor.key,
      cursorId: page.cursor.id,
    });
  }
  const [total, rows] = await Promise.all([matching.getCount(), sorted.getMany()]);
  return pageOf(rows, total, key, page.limit);
}

/** The page from `rows`, which contains one row more than `limit` if another page follows. */
export function pageOf<Key extends string, Row extends Keyed<Key>>(
  rows: readonly Row[],
  total: number,
  key: Key,
  limit: number,
): Page<Row> {
  const items = rows.slice(0, limit);
  const last = rows.length > limit ? items.at(-1) : undefined;
  return {
    items,
    total,
    nextCursor: last ? encodeCursor({ key: (last[key] as Date).toISOString(), id: last.id }) : null,
  };
}
