import { Transform, Type } from 'class-transformer';
import { IsBoolean, IsOptional } from 'class-validator';
import { PageQuery } from '../common/pagination/index.js';

/** Which notifications to list. */
export class ListNotificationsQuery extends PageQuery {
  /** Only those that are not read yet. */
  @IsOptional()
  @Type(() => String)
  @Transform(({ value }) => (value === 'true' ? true : value === 'false' ? false : value))
  @IsBoolean({ message: 'must be true or false' })
  unread_only: boolean = false;
}
