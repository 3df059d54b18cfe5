/**
 * Coverage in percent: (validated + 0.5 x partial) / total x 100. One division of two whole numbers gives the double nearest to the true value, so that it
 * compares exactly with a threshold. SQL and code compute it alike.
 */
export function coveragePct({
  validated,
  partial,
  total,
}: {
  validated: number;
  partial: number;
  total: number;
}): number {
  return (100 * validated + 50 * partial) / total;
}
