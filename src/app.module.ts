import { Module, type DynamicModule } from '@nestjs/common';
import { ScheduleModule } from '@nestjs/schedule';
import type { DataSource } from 'typeorm';
import { AuthModule } from './auth/index.js';
import { ConfigModule, type Environment } from './config/index.js';
import { DatabaseModule } from './database/index.js';
import { EvaluationModule } from './evaluation/index.js';
import { EvaluatorsModule } from './evaluators/index.js';
import { ExportsModule } from './exports/index.js';
import { HealthModule } from './health/index.js';
import { HeartbeatModule } from './heartbeat/index.js';
import { ImportsModule } from './imports/index.js';
import { InstancesModule } from './instances/index.js';
import { MetricsModule } from './metrics/index.js';
import { NotificationsModule } from './notifications/index.js';
import { OrganizationsModule } from './organizations/index.js';
import { PostureModule } from './posture/index.js';
import { ReleasesModule } from './releases/index.js';
import { RetentionModule } from './retention/index.js';
import { RevalidationModule } from './revalidation/index.js';
import { RulesModule } from './rules/index.js';
import { SetupModule } from './setup/index.js';
import { SnapshotsModule } from './snapshots/index.js';
import { TracingModule } from './tracing/index.js';
import { WebhooksModule } from './webhooks/index.js';

/** Wires all modules. Nothing runs in the background until `startBackgroundWork` is called. */
@Module({})
export class AppModule {
  /** @param onConnected receives the data source as soon as it is connected. */
  static register(
    environment: Environment,
    databaseUrl: string,
    onConnected?: (dataSource: DataSource) => void,
  ): DynamicModule {
    return {
      module: AppModule,
      imports: [
        ConfigModule.register(environment),
        DatabaseModule.register(databaseUrl, onConnected),
        MetricsModule,
        TracingModule,
        ScheduleModule.forRoot(),
        OrganizationsModule,
        AuthModule,
        PostureModule,
        SnapshotsModule,
        RevalidationModule,
        ReleasesModule,
        ImportsModule,
        ExportsModule,
        EvaluatorsModule,
        RulesModule,
        InstancesModule,
        NotificationsModule,
        WebhooksModule.register(),
        EvaluationModule,
        RetentionModule,
        HealthModule,
        HeartbeatModule,
        SetupModule,
      ],
    };
  }
}
