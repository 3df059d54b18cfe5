/** How a person gets e-mail: not at all, each notice at once, or all of a day together. */
export const EMAIL_MODES = ['off', 'immediate', 'daily_digest'] as const;
export type EmailMode = (typeof EMAIL_MODES)[number];
