export * from './expired-imports.js';
export { toImportDetail, toUndoResponse } from './api/posture-import.mapper.js';
export { PostureImportApplier } from './apply/posture-import-applier.js';
export { PostureImportUndo } from './apply/posture-import-undo.js';
export { POSTURE_FILE_FORMATS, type PostureFileFormatName } from './formats/index.js';
export { ImportsModule } from './imports.module.js';
export { PRESET_NAMES } from './presets/index.js';
export { PostureImportUploads } from './preview/posture-import-uploads.js';
export { PostureImports } from './preview/posture-imports.service.js';
