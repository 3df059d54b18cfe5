import { Module, type DynamicModule } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { PostureModule } from '../posture/index.js';
import { PostureImportAnswers } from './api/posture-import-answers.js';
import { PostureImportUploadController } from './api/posture-import-upload.controller.js';
import { PostureImportsController } from './api/posture-imports.controller.js';
import { PostureImportApplier } from './apply/posture-import-applier.js';
import { PostureImportUndo } from './apply/posture-import-undo.js';
import { PostureImportPlanner } from './plan/posture-import-planner.js';
import { PostureImportSettings } from './preview/posture-import-settings.js';
import { PostureImportUploads } from './preview/posture-import-uploads.js';
import { PostureImports } from './preview/posture-imports.service.js';
import { PostureImportChange } from './store/posture-import-change.entity.js';
import { PostureImportStore } from './store/posture-import-store.js';
import { PostureImport } from './store/posture-import.entity.js';

/** Posture from files: preview, apply and undo. */
@Module({
  imports: [TypeOrmModule.forFeature([PostureImport, PostureImportChange]), PostureModule],
  controllers: [PostureImportUploadController, PostureImportsController],
  providers: [
    PostureImportAnswers,
    PostureImportApplier,
    PostureImportPlanner,
    PostureImports,
    PostureImportStore,
    PostureImportUndo,
    PostureImportUploads,
    { provide: PostureImportSettings, useValue: new PostureImportSettings() },
  ],
  exports: [PostureImportApplier, PostureImports, PostureImportUndo, PostureImportUploads],
})
export class ImportsModule {
  /** The module with settings that differ from the usual ones. */
  static withSettings(settings: Partial<PostureImportSettings>): DynamicModule {
    return {
      module: ImportsModule,
      providers: [{ provide: PostureImportSettings, useValue: Object.assign(new PostureImportSettings(), settings) }],
    };
  }
}
