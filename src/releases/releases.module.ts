import { Module, type DynamicModule } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { CatalogueModule } from '../catalogue/index.js';
import { OrganizationsModule } from '../organizations/index.js';
import { PostureModule } from '../posture/index.js';
import { SnapshotsModule } from '../snapshots/index.js';
import { CatalogueImportService } from './import/catalogue-import.service.js';
import { CatalogueImports } from './import/catalogue-imports.service.js';
import { CataloguePreview } from './preview/catalogue-preview.service.js';
import { CatalogueUndo } from './undo/catalogue-undo.service.js';
import { ImportSettings } from './import/import-settings.js';
import { ImportsController } from './api/imports.controller.js';
import { PostureCarryOver } from './carry-over/posture-carry-over.entity.js';

/** Loads ATT&CK releases into the catalogue: preview, import with carry-over, undo. */
@Module({
  imports: [
    TypeOrmModule.forFeature([PostureCarryOver]),
    CatalogueModule,
    OrganizationsModule,
    PostureModule,
    SnapshotsModule,
  ],
  controllers: [ImportsController],
  providers: [
    CatalogueImportService,
    CatalogueImports,
    CataloguePreview,
    CatalogueUndo,
    { provide: ImportSettings, useValue: new ImportSettings() },
  ],
  exports: [CatalogueImportService, CatalogueImports, CataloguePreview, CatalogueUndo],
})
export class ReleasesModule {
  /** The module with settings that differ from the usual ones. */
  static withSettings(settings: Partial<ImportSettings>): DynamicModule {
    return {
      module: ReleasesModule,
      providers: [{ provide: ImportSettings, useValue: Object.assign(new ImportSettings(), settings) }],
    };
  }
}
