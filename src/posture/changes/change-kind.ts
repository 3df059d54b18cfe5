/** The kinds of change that may alter what a rule measures. */
export const CHANGE_KINDS = ['posture', 'queue', 'snapshot', 'catalogue'] as const;
export type ChangeKind = (typeof CHANGE_KINDS)[number];
