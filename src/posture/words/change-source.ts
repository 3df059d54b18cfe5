/**
 * The cause of a posture version: creation of the organisation, an API call, an import or its undoing, an ATT&CK
 * release, the revalidation queue, or the demo; `database` if no writer gave one, for example when a foreign key
 * cleared an owner.
 */
export const CHANGE_SOURCES = ['initial', 'api', 'import', 'undo', 'catalogue', 'queue', 'demo', 'database'] as const;
export type ChangeSource = (typeof CHANGE_SOURCES)[number];
