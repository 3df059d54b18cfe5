import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { EvaluatorsModule } from '../evaluators/index.js';
import { NotificationSkip } from './audience/notification-skip.entity.js';
import { EmailModule } from './email/email.module.js';
import { InboxService } from './inbox/inbox.service.js';
import { Notification } from './inbox/notification.entity.js';
import { NotificationsController } from './inbox/notifications.controller.js';
import { AlertNotifier } from './notifier/alert-notifier.js';
import { AudienceCounter } from './notifier/audience-counter.js';
import { NotificationPreference } from './preferences/notification-preference.entity.js';
import { PreferencesController } from './preferences/preferences.controller.js';
import { PreferencesService } from './preferences/preferences.service.js';
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
    AlertNotifier,
    AudienceCounter,
    InboxService,
    NotificationStream,
    PreferencesService,
    StreamReader,
  ],
  exports: [AlertNotifier, AudienceCounter],
})
export class NotificationsModule {}
