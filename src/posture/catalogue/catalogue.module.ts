import { Module, type DynamicModule } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { OrganizationsModule } from '../../organizations/index.js';
import { PostureModule } from '../posture.module.js';
import { CatalogueBeforeImage } from './catalogue-before-image.entity.js';
import { CatalogueImages } from './catalogue-images.js';
import { CatalogueImport } from './catalogue-import.entity.js';
import { CatalogueImportService } from './catalogue-import.service.js';
import { CatalogueImports } from './catalogue-imports.service.js';
import { CataloguePreview } from './catalogue-preview.service.js';
import { CatalogueStore } from './catalogue-store.js';
import { CatalogueUndo } from './catalogue-undo.service.js';
import { ImportSettings } from './import-settings.js';
import { ImportsController } from './imports.controller.js';
import { PostureCarryOver } from './posture-carry-over.entity.js';
import { Tactic } from './tactic.entity.js';
import { Technique } from './technique.entity.js';

/** The ATT&CK catalogue that all organisations share, and how releases get into it. */
@Module({
  imports: [
    TypeOrmModule.forFeature([CatalogueBeforeImage, CatalogueImport, PostureCarryOver, Tactic, Technique]),
    OrganizationsModule,
    PostureModule,
  ],
  controllers: [ImportsController],
  providers: [
    CatalogueImages,
    CatalogueImportService,
    CatalogueImports,
    CataloguePreview,
    CatalogueStore,
    CatalogueUndo,
    { provide: ImportSettings, useValue: new ImportSettings() },
  ],
  exports: [CatalogueImportService, CatalogueImports, CataloguePreview, CatalogueUndo],
})
export class CatalogueModule {
  /** The same with other settings than the usual ones. */
  static withSettings(settings: Partial<ImportSettings>): DynamicModule {
    return {
      module: CatalogueModule,
      providers: [{ provide: ImportSettings, useValue: Object.assign(new ImportSettings(), settings) }],
    };
  }
}
