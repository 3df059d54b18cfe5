import { Module } from '@nestjs/common';
import { AuthModule } from '../auth/index.js';
import { DemoModule } from '../demo/index.js';
import { OrganizationsModule } from '../organizations/index.js';
import { PostureModule } from '../posture/index.js';
import { ReleasesModule } from '../releases/index.js';
import { RulesModule } from '../rules/index.js';
import { SetupService } from './setup.service.js';

@Module({
  imports: [AuthModule, DemoModule, OrganizationsModule, PostureModule, ReleasesModule, RulesModule],
  providers: [SetupService],
  exports: [SetupService],
})
export class SetupModule {}
