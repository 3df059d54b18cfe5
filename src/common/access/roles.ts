/** What a member of an organisation, or an API key of it, may do. Each step of {@link ROLES_AT_LEAST} includes what stands below it. */
export const ROLES = ['admin', 'red_lead', 'blue_lead', 'analyst', 'viewer'] as const;
export type Role = (typeof ROLES)[number];

/** The roles that may do what the named level may: leads are equals of each other. */
export const ROLES_AT_LEAST = {
  viewer: ['viewer', 'analyst', 'blue_lead', 'red_lead', 'admin'],
  analyst: ['analyst', 'blue_lead', 'red_lead', 'admin'],
  lead: ['blue_lead', 'red_lead', 'admin'],
  admin: ['admin'],
} as const satisfies Record<string, readonly Role[]>;
export type AccessLevel = keyof typeof ROLES_AT_LEAST;

/** Who is told in the app when an alert fires. */
export const ALERT_AUDIENCE: readonly Role[] = ['admin', 'red_lead', 'blue_lead'];
