/**
 * The cause of a posture version: `undo` is the undoing of an import, `catalogue` an ATT&CK release, `database` a
 * change without a writer, such as a foreign key that clears an owner.
 */
export const CHANGE_SOURCES = ['initial', 'api', 'import', 'undo', 'catalogue', 'queue', 'demo', 'database'] as const;
export type ChangeSource = (typeof CHANGE_SOURCES)[number];
