export { CatalogueImportService } from './import/catalogue-import.service.js';
export { CatalogueImports } from './import/catalogue-imports.service.js';
export { CataloguePreview } from './preview/catalogue-preview.service.js';
export { CatalogueUndo } from './undo/catalogue-undo.service.js';
export { ReleasesModule } from './releases.module.js';
export { toImportPreviewResponse } from './api/import-preview.mapper.js';
