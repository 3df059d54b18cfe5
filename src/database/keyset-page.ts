import type { ObjectLiteral, SelectQueryBuilder } from 'typeorm';
import { encodeCursor, type Page, type PageRequest } from '../common/pagination/index.js';

/** Rows that a list can be sorted by: an instant, and the id among equal instants. */
type Keyed<Key extends string> = ObjectLiteral & { id: string } & Record<Key, Date>;

/**
 * One page of `matching`, sorted by an instant and the id. A page by cursor costs the same at any depth, because an index on those two begins right behind
 * the cursor. Cursors keep milliseconds: what is sorted by must have been written by the application's clock.
 */
export async function keysetPage<Key extends string, Row extends Keyed<Key>>(
  matching: SelectQueryBuilder<Row>,
  key: Key,
  direction: 'ASC' | 'DESC',
  page: PageRequest,
): Promise<Page<Row>> {
  const total = await matching.getCount();
  const { alias } = matching;
  if (page.cursor) {
    const beyond = direction === 'ASC' ? '>' : '<';
    matching.andWhere(`(${alias}.${key}, ${alias}.id) ${beyond} (:cursorKey::timestamptz, :cursorId::uuid)`, {
      cursorKey: page.cursor.key,
      cursorId: page.cursor.id,
    });
  }
  const rows = await matching
    .orderBy(`${alias}.${key}`, direction)
    .addOrderBy(`${alias}.id`, direction)
    .offset(page.offset ?? 0)
    .limit(page.limit + 1)
    .getMany();
  const items = rows.slice(0, page.limit);
  const last = rows.length > page.limit ? items.at(-1) : undefined;
  return {
    items,
    total,
    nextCursor: last ? encodeCursor({ key: (last[key] as Date).toISOString(), id: last.id }) : null,
  };
}
