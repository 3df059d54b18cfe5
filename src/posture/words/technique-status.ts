/** How well an organisation covers a technique. */
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

/** The result of a review of a technique's detections: they caught the whole test, part of it, or nothing. */
export const REVIEW_OUTCOMES = ['passed', 'partial', 'failed'] as const;
export type ReviewOutcome = (typeof REVIEW_OUTCOMES)[number];

/** What put an item into the revalidation queue: a user or API key, or the revalidation policy. */
export const ITEM_SOURCES = ['manual', 'policy'] as const;
export type ItemSource = (typeof ITEM_SOURCES)[number];
