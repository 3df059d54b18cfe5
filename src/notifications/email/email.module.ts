import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { DigestMaker } from './digest-maker.js';
import { EmailDelivery } from './email-delivery.entity.js';
import { EmailNotice } from './email-notice.entity.js';
import { EmailSettings } from './email-settings.js';
import { EmailStore } from './email-store.js';
import { EmailWorker } from './email-worker.js';
import { Mailer } from './mailer.js';

/** E-mail to people: outbox, digests, sending. Nothing is sent before {@link EmailWorker.start}. */
@Module({
  imports: [TypeOrmModule.forFeature([EmailDelivery, EmailNotice])],
  providers: [
    { provide: EmailSettings, useFactory: () => EmailSettings.with() },
    EmailStore,
    DigestMaker,
    Mailer,
    EmailWorker,
  ],
  exports: [EmailWorker, Mailer],
})
export class EmailModule {}
