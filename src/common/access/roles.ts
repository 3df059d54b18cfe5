/** The role of a member or API key in an organisation. Each level of {@link ROLES_AT_LEAST} includes the lower ones. */
export const ROLES = ['admin', 'red_lead', 'blue_lead', 'analyst', 'viewer'] as const;
export type Role = (typeof ROLES)[number];

/** The roles with at least the rights of the named level. The two lead roles are equal. */
export const ROLES_AT_LEAST = {
  viewer: ['viewer', 'analyst', 'blue_lead', 'red_lead', 'admin'],
  analyst: ['analyst', 'blue_lead', 'red_lead', 'admin'],
  lead: ['blue_lead', 'red_lead', 'admin'],
  admin: ['admin'],
} as const satisfies Record<string, readonly Role[]>;
export type AccessLevel = keyof typeof ROLES_AT_LEAST;
