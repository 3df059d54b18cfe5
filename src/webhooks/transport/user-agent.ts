import { readFileSync } from 'node:fs';
import path from 'node:path';
import { packageRoot } from '../../common/package-root.js';

/** The `User-Agent` of deliveries: `Vedette/<version>`. */
export function userAgent(): string {
  const { version } = JSON.parse(readFileSync(path.join(packageRoot(), 'package.json'), 'utf8')) as { version: string };
  return `Vedette/${version}`;
}
