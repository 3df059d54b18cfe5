import type { PostureImport, StoredImportStatus } from './posture-import.entity.js';

/** `parsing`: a large file is being read. `previewed`: it can be applied. `expired`: it was not applied in time. */
export const IMPORT_STATUSES = ['parsing', 'previewed', 'applied', 'undone', 'failed', 'expired'] as const;
export type ImportStatus = (typeof IMPORT_STATUSES)[number];

/** For how long a preview can be applied. */
export const PREVIEW_MS = 7 * 24 * 3_600_000;

/** How often the reader of a file updates its import. */
export const HEARTBEAT_MS = 1_000;

/** After this time without an update the reader is dead: its process was killed. */
const READER_DEAD_MS = 60 * HEARTBEAT_MS;

export const INTERRUPTED = 'reading was interrupted when the server stopped: upload the file again';

/** The status of an import at an instant, and the reason if it failed. */
export function standingOf(
  { status, failure, expiresAt, updatedAt }: Pick<PostureImport, 'status' | 'failure' | 'expiresAt' | 'updatedAt'>,
  now: Date,
): { status: ImportStatus; failure: string | null } {
  if (status === 'previewed' && expiresAt <= now) return { status: 'expired', failure: null };
  if (status === 'parsing' && updatedAt.getTime() < now.getTime() - READER_DEAD_MS) {
    return { status: 'failed', failure: INTERRUPTED };
  }
  return { status: status satisfies StoredImportStatus, failure };
}
