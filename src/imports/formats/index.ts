import { csvFormat } from './csv.format.js';
import { dettectFormat } from './dettect.format.js';
import { jsonFormat } from './json.format.js';
import { navigatorFormat } from './navigator.format.js';
import type { PostureFileFormat } from './posture-file-format.js';

export type { ParseContext, PostureFileFormat } from './posture-file-format.js';

/** Every format, in the order in which they are offered. */
export const POSTURE_FILE_FORMATS = [
  navigatorFormat,
  dettectFormat,
  csvFormat,
  jsonFormat,
] as const satisfies readonly PostureFileFormat[];

export type PostureFileFormatName = (typeof POSTURE_FILE_FORMATS)[number]['name'];
export const POSTURE_FILE_FORMAT_NAMES: readonly PostureFileFormatName[] = POSTURE_FILE_FORMATS.map(({ name }) => name);

export function postureFileFormat(name: PostureFileFormatName): PostureFileFormat {
  return POSTURE_FILE_FORMATS.find((format) => format.name === name)!;
}
