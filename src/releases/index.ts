export { CatalogueImportService } from './catalogue-import.service.js';
export { CatalogueImports } from './catalogue-imports.service.js';
export { CataloguePreview } from './catalogue-preview.service.js';
export { CatalogueUndo } from './catalogue-undo.service.js';
export { ReleasesModule } from './releases.module.js';
export { toImportPreviewResponse } from './import-preview.mapper.js';
