/** What an organisation says of its coverage of a technique. */
export const TECHNIQUE_STATUSES = [
  'not_evaluated',
  'not_covered',
  'in_progress',
  'partial',
  'validated',
  'not_applicable',
] as const;
export type TechniqueStatus = (typeof TECHNIQUE_STATUSES)[number];

export const REVALIDATION_STATUSES = ['pending', 'in_progress', 'done', 'cancelled'] as const;
export type RevalidationStatus = (typeof REVALIDATION_STATUSES)[number];
