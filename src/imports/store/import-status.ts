import type { PostureImport, StoredImportStatus } from './posture-import.entity.js';

/** `parsing`: a large file is being read. `previewed`: it can be applied. `expired`: it could be, and nobody did in time. */
export const IMPORT_STATUSES = ['parsing', 'previewed', 'applied', 'undone', 'failed', 'expired'] as const;
export type ImportStatus = (typeof IMPORT_STATUSES)[number];

/** For how long a preview can be applied. */
export const PREVIEW_MS = 7 * 24 * 3_600_000;

/** Whoever reads a file says so this often. */
export const SIGN_OF_LIFE_MS = 1_000;

/** After this time without a sign of life nobody reads the file any more: the process was killed. */
const GIVEN_UP_MS = 60 * SIGN_OF_LIFE_MS;

export const INTERRUPTED = 'reading was interrupted when the server stopped: upload the file again';

/** How an import stands at an instant, and why it failed if it did. */
export function standingOf(
  { status, failure, expiresAt, updatedAt }: Pick<PostureImport, 'status' | 'failure' | 'expiresAt' | 'updatedAt'>,
  now: Date,
): { status: ImportStatus; failure: string | null } {
  if (status === 'previewed' && expiresAt <= now) return { status: 'expired', failure: null };
  if (status === 'parsing' && updatedAt.getTime() < now.getTime() - GIVEN_UP_MS) {
    return { status: 'failed', failure: INTERRUPTED };
  }
  return { status: status satisfies StoredImportStatus, failure };
}
