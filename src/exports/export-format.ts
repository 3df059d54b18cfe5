/** The formats that posture is exported in. */
export const EXPORT_FORMATS = ['json', 'csv', 'navigator'] as const;
export type ExportFormat = (typeof EXPORT_FORMATS)[number];

/** A finished file. */
export interface ExportFile {
  /** Without a folder, and safe in a header without escaping. */
  fileName: string;
  contentType: string;
  text: string;
}

const CONTENT_TYPES: Readonly<Record<ExportFormat, string>> = {
  json: 'application/json; charset=utf-8',
  csv: 'text/csv; charset=utf-8; header=present',
  navigator: 'application/json; charset=utf-8',
};

/** @param stem the file name without the ending that the format adds. */
export function exportFile(stem: string, format: ExportFormat, text: string): ExportFile {
  const ending = format === 'navigator' ? '-layer.json' : `.${format}`;
  return { fileName: `${stem.replace(/[^\w.-]+/g, '-')}${ending}`, contentType: CONTENT_TYPES[format], text };
}
