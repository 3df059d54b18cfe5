import { Controller, Get, HttpCode, Param, Post, Query } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { Access, CurrentPrincipal, type Principal } from '../../common/access/index.js';
import { pageRequest } from '../../common/pagination/index.js';
import { userOf } from '../preferences/user-of.js';
import { InboxService } from './inbox.service.js';
import { ListNotificationsQuery } from './notification.dto.js';
import { toNotificationResponse } from './notification.mapper.js';
import {
  MarkedReadResponse,
  NotificationListResponse,
  NotificationResponse,
  UnreadCountResponse,
} from './notification.response.js';

@ApiTags('notifications')
@Controller('notifications')
export class NotificationsController {
  constructor(private readonly inbox: InboxService) {}

  @Get()
  @Access('viewer')
  @ApiOperation({ summary: 'List my notifications, newest first' })
  async list(
    @CurrentPrincipal() principal: Principal,
    @Query() query: ListNotificationsQuery,
  ): Promise<NotificationListResponse> {
    const page = await this.inbox.list(
      principal.organizationId,
      userOf(principal),
      query.unread_only ?? false,
      pageRequest(query),
    );
    return { items: page.items.map(toNotificationResponse), total: page.total, next_cursor: page.nextCursor };
  }

  @Get('unread-count')
  @Access('viewer')
  @ApiOperation({ summary: 'Count my unread notifications' })
  async unreadCount(@CurrentPrincipal() principal: Principal): Promise<UnreadCountResponse> {
    return { unread: await this.inbox.countUnread(principal.organizationId, userOf(principal)) };
  }

  @Post('read-all')
  @HttpCode(200)
  @Access('viewer')
  @ApiOperation({ summary: 'Mark all my notifications read' })
  async markAllRead(@CurrentPrincipal() principal: Principal): Promise<MarkedReadResponse> {
    return { marked: await this.inbox.markAllRead(principal.organizationId, userOf(principal)) };
  }

  @Post(':id/read')
  @HttpCode(200)
  @Access('viewer')
  @ApiOperation({ summary: 'Mark one of my notifications read' })
  async markRead(@CurrentPrincipal() principal: Principal, @Param('id') id: string): Promise<NotificationResponse> {
    return toNotificationResponse(await this.inbox.markRead(principal.organizationId, userOf(principal), id));
  }
}
