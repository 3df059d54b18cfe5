/**
 * What gave a technique its posture: rows of a new organisation, a call of the API, an import of posture or its undoing, an ATT&CK release, the revalidation queue,
 * the demo; `database` where no writer said so, such as a foreign key that cleared an owner.
 */
export const CHANGE_SOURCES = ['initial', 'api', 'import', 'undo', 'catalogue', 'queue', 'demo', 'database'] as const;
export type ChangeSource = (typeof CHANGE_SOURCES)[number];
