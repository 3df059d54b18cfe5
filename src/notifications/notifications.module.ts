import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { EvaluatorsModule } from '../evaluators/index.js';
import { AlertAudience } from './audience/alert-audience.js';
import { AlertNotifier } from './audience/alert-notifier.js';
import { NotificationSkip } from './audience/notification-skip.entity.js';
import { EmailModule } from './email/email.module.js';
import { InboxService } from './inbox/inbox.service.js';
import { Notification } from './inbox/notification.entity.js';
import { NotificationsController } from './inbox/notifications.controller.js';
import { NotificationPreference } from './preferences/notification-preference.entity.js';
import { PreferencesController } from './preferences/preferences.controller.js';
import { PreferencesService } from './preferences/preferences.service.js';
import { NotificationStream } from './stream/notification-stream.js';
import { StreamReader } from './stream/stream-reader.js';
import { StreamSettings } from './stream/stream-settings.js';
import { StreamController } from './stream/stream.controller.js';
import { TrailModule } from './trail/trail.module.js';

@Module({
  imports: [
    TypeOrmModule.forFeature([Notification, NotificationPreference, NotificationSkip]),
    EmailModule,
    TrailModule,
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
