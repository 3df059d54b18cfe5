import { Module } from '@nestjs/common';
import { AuthModule } from '../auth/index.js';
import { CatalogueModule } from '../catalogue/index.js';
import { RulesModule } from '../rules/index.js';
import { DemoEndpoint } from './demo-endpoint.js';
import { DemoPeople } from './demo-people.js';
import { DemoWriter } from './demo-writer.js';
import { DemoService } from './demo.service.js';

/** The generated organisation of `npm run demo`. */
@Module({
  imports: [AuthModule, CatalogueModule, RulesModule],
  providers: [DemoEndpoint, DemoPeople, DemoService, DemoWriter],
  exports: [DemoService],
})
export class DemoModule {}
