import { Module } from '@nestjs/common';
import { AuthModule } from '../auth/index.js';
import { DemoEndpoint } from './demo-endpoint.js';
import { DemoPeople } from './demo-people.js';
import { DemoService } from './demo.service.js';

/** The generated organisation of `npm run demo`. */
@Module({
  imports: [AuthModule],
  providers: [DemoEndpoint, DemoPeople, DemoService],
  exports: [DemoService],
})
export class DemoModule {}
