import { Module, type DynamicModule } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { PostureModule } from '../posture/index.js';
import { PostureImportAnswers } from './api/posture-import-answers.js';
import { PostureImportApplier } from './apply/posture-import-applier.js';
import { PostureImportChange } from './store/posture-import-change.entity.js';
import { PostureImportPlanner } from './plan/posture-import-planner.js';
import { PostureImportSettings } from './preview/posture-import-settings.js';
import { PostureImportStore } from './store/posture-import-store.js';
import { PostureImportUploadController } from './api/posture-import-upload.controller.js';
import { PostureImportUploads } from './preview/posture-import-uploads.js';
import { PostureImport } from './store/posture-import.entity.js';
import { PostureImportsController } from './api/posture-imports.controller.js';
import { PostureImports } from './preview/posture-imports.service.js';

/** Posture from files: layers, administrations, CSV and JSON. */
@Module({
  imports: [TypeOrmModule.forFeature([PostureImport, PostureImportChange]), PostureModule],
  controllers: [PostureImportUploadController, PostureImportsController],
  providers: [
    PostureImportAnswers,
    PostureImportApplier,
    PostureImportPlanner,
    PostureImports,
    PostureImportStore,
    PostureImportUploads,
    { provide: PostureImportSettings, useValue: new PostureImportSettings() },
  ],
  exports: [PostureImportApplier, PostureImports, PostureImportUploads],
})
export class ImportsModule {
  /** The same with other settings than the usual ones. */
  static withSettings(settings: Partial<PostureImportSettings>): DynamicModule {
    return {
      module: ImportsModule,
      providers: [{ provide: PostureImportSettings, useValue: Object.assign(new PostureImportSettings(), settings) }],
    };
  }
}
