import { Module } from '@nestjs/common';
import { PostureExportReader } from './posture-export-reader.js';
import { PostureExportsController } from './posture-exports.controller.js';
import { PostureExports } from './posture-exports.service.js';

/** Exports of posture as files. */
@Module({
  controllers: [PostureExportsController],
  providers: [PostureExports, PostureExportReader],
  exports: [PostureExports],
})
export class ExportsModule {}
