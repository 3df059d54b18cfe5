import { Module, type DynamicModule } from '@nestjs/common';
import { ScheduleModule } from '@nestjs/schedule';
import { AuthModule } from './auth/index.js';
import { ConfigModule, type Environment } from './config/index.js';
import { DatabaseModule } from './database/index.js';
import { EvaluationModule } from './evaluation/index.js';
import { EvaluatorsModule } from './evaluators/index.js';
import { HealthModule } from './health/index.js';
import { InstancesModule } from './instances/index.js';
import { NotificationsModule } from './notifications/index.js';
import { OrganizationsModule } from './organizations/index.js';
import { CatalogueModule, PostureModule } from './posture/index.js';
import { RulesModule } from './rules/index.js';
import { SetupModule } from './setup/index.js';
import { WebhooksModule } from './webhooks/index.js';

/** Everything, wired. Nothing runs by itself until somebody starts it: see `startBackgroundWork`. */
@Module({})
export class AppModule {
  static register(environment: Environment, databaseUrl: string): DynamicModule {
    return {
      module: AppModule,
      imports: [
        ConfigModule.register(environment),
        DatabaseModule.register(databaseUrl),
        ScheduleModule.forRoot(),
        OrganizationsModule,
        AuthModule,
        PostureModule,
        CatalogueModule,
        EvaluatorsModule,
        RulesModule,
        InstancesModule,
        NotificationsModule,
        WebhooksModule.register(),
        EvaluationModule,
        HealthModule,
        SetupModule,
      ],
    };
  }
}
