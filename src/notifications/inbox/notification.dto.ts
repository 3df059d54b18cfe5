import { PageQuery } from '../../common/pagination/index.js';
import { QueryBoolean } from '../../common/query-boolean.js';

/** Selects notifications. */
export class ListNotificationsQuery extends PageQuery {
  /** Only unread notifications. */
  @QueryBoolean()
  unread_only?: boolean = false;
}
