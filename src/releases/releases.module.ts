import { Module, type DynamicModule } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { CatalogueModule } from '../catalogue/index.js';
import { OrganizationsModule } from '../organizations/index.js';
import { PostureModule } from '../posture/index.js';
import { SnapshotsModule } from '../snapshots/index.js';
import { CatalogueImportService } from './catalogue-import.service.js';
import { CatalogueImports } from './catalogue-imports.service.js';
import { CataloguePreview } from './catalogue-preview.service.js';
import { CatalogueUndo } from './catalogue-undo.service.js';
import { ImportSettings } from './import-settings.js';
import { ImportsController } from './imports.controller.js';
import { PostureCarryOver } from './posture-carry-over.entity.js';

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
  /** The same with other settings than the usual ones. */
  static withSettings(settings: Partial<ImportSettings>): DynamicModule {
    return {
      module: ReleasesModule,
      providers: [{ provide: ImportSettings, useValue: Object.assign(new ImportSettings(), settings) }],
    };
  }
}
