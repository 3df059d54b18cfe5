export { ApiExport, sendExport } from './send-export.js';
export { EXPORT_FORMATS, type ExportFile, type ExportFormat } from './export-format.js';
export { ExportFormatQuery } from './posture-export.dto.js';
export { ExportsModule } from './exports.module.js';
export { PostureExports } from './posture-exports.service.js';
