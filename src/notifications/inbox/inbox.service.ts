import { Injectable } from '@nestjs/common';
import { DataSource, IsNull, type Repository } from 'typeorm';
import { Clock } from '../../common/clock.js';
import { notFound } from '../../common/errors/index.js';
import { isUuid } from '../../common/ids.js';
import type { Page, PageRequest } from '../../common/pagination/index.js';
import { keysetPage } from '../../database/index.js';
import { Notification } from './notification.entity.js';

/** The inbox of one member in one organisation. */
@Injectable()
export class InboxService {
  constructor(
    private readonly dataSource: DataSource,
    private readonly clock: Clock,
  ) {}

  /** Newest first. */
  list(organizationId: string, userId: string, unreadOnly: boolean, page: PageRequest): Promise<Page<Notification>> {
    const inbox = this.repository
      .createQueryBuilder('notice')
      .where('notice.organizationId = :organizationId AND notice.userId = :userId', { organizationId, userId });
    if (unreadOnly) inbox.andWhere('notice.readAt IS NULL');
    return keysetPage(inbox, 'createdAt', 'DESC', page);
  }

  countUnread(organizationId: string, userId: string): Promise<number> {
    return this.repository.countBy({ organizationId, userId, readAt: IsNull() });
  }

  /** Keeps the time of the first read. @throws DomainError `not_found`, also for another member's notification. */
  async markRead(organizationId: string, userId: string, id: string): Promise<Notification> {
    if (!isUuid(id)) throw notFound('notification', id);
    await this.repository.update({ organizationId, userId, id, readAt: IsNull() }, { readAt: this.clock.now() });
    const notice = await this.repository.findOneBy({ organizationId, userId, id });
    if (!notice) throw notFound('notification', id);
    return notice;
  }

  /** @returns the number of notifications that were unread. */
  async markAllRead(organizationId: string, userId: string): Promise<number> {
    const { affected } = await this.repository.update(
      { organizationId, userId, readAt: IsNull() },
      { readAt: this.clock.now() },
    );
    return affected ?? 0;
  }

  private get repository(): Repository<Notification> {
    return this.dataSource.getRepository(Notification);
  }
}
