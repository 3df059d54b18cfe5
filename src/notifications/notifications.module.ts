import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { EmailModule } from '../email/index.js';
import { EvaluatorsModule } from '../evaluators/index.js';
import { AlertAudience } from './alert-audience.js';
import { AlertNotifier } from './alert-notifier.js';
import { InboxService } from './inbox.service.js';
import { NotificationPreference } from './notification-preference.entity.js';
import { NotificationSkip } from './notification-skip.entity.js';
import { Notification } from './notification.entity.js';
import { NotificationsController } from './notifications.controller.js';
import { PreferencesController } from './preferences.controller.js';
import { PreferencesService } from './preferences.service.js';
import { NotificationStream } from './stream/notification-stream.js';
import { StreamReader } from './stream/stream-reader.js';
import { StreamSettings } from './stream/stream-settings.js';
import { StreamController } from './stream/stream.controller.js';

@Module({
  imports: [
    TypeOrmModule.forFeature([Notification, NotificationPreference, NotificationSkip]),
    EmailModule,
    EvaluatorsModule,
  ],
  controllers: [PreferencesController, StreamController, NotificationsController],
  providers: [
    { provide: StreamSettings, useFactory: () => StreamSettings.with() },
    AlertAudience,
    AlertNotifier,
    InboxService,
    NotificationStream,
    PreferencesService,
    StreamReader,
  ],
  exports: [AlertAudience, AlertNotifier],
})
export class NotificationsModule {}
