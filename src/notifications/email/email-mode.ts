/** How a person gets e-mail: not at all, immediately, or once a day. */
export const EMAIL_MODES = ['off', 'immediate', 'daily_digest'] as const;
export type EmailMode = (typeof EMAIL_MODES)[number];
