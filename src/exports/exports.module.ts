import { Module } from '@nestjs/common';
import { InstancesModule } from '../instances/index.js';
import { PostureExportsModule } from '../posture/index.js';
import { AlertExportController } from './alert-export.controller.js';
import { AlertExports } from './alert-exports.service.js';

/** Exports that more than one module has a part in. */
@Module({
  imports: [InstancesModule, PostureExportsModule],
  controllers: [AlertExportController],
  providers: [AlertExports],
})
export class ExportsModule {}
