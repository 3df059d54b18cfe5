/**
 * Coverage in percent: (validated + 0.5 x partial) / total x 100. A single division gives the double nearest to the
 * true value, so it compares exactly with a threshold. SQL and code use the same formula.
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
