import { PageQuery } from '../../common/pagination/index.js';
import { QueryBoolean } from '../../common/query-boolean.js';

/** Which notifications to list. */
export class ListNotificationsQuery extends PageQuery {
  /** Only those that are not read yet. */
  @QueryBoolean()
  unread_only?: boolean = false;
}
