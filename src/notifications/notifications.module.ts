import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { AlertNotifier } from './alert-notifier.js';
import { InboxService } from './inbox.service.js';
import { Notification } from './notification.entity.js';
import { NotificationsController } from './notifications.controller.js';

@Module({
  imports: [TypeOrmModule.forFeature([Notification])],
  controllers: [NotificationsController],
  providers: [AlertNotifier, InboxService],
  exports: [AlertNotifier],
})
export class NotificationsModule {}
