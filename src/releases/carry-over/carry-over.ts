import type { EntityManager } from 'typeorm';
import { countChanged, queryRows } from '../../database/index.js';
import { updatePostureSql, type CatalogueChange } from '../../posture/index.js';
import type { TechniqueStatus } from '../../posture/words/index.js';

/**
 * Which of several techniques that become one speaks for it: the least covered of those that were evaluated, so that nothing counts as validated that was not
 * validated whole; then the first by ATT&CK id.
 */
export const CARRIED_FIRST = [
  'not_covered',
  'in_progress',
  'partial',
  'validated',
  'not_applicable',
  'not_evaluated',
] as const satisfies readonly TechniqueStatus[];

const ORDER = `array_position(ARRAY[${CARRIED_FIRST.map((status) => `'${status}'`).join(', ')}], old.status_global)`;

/** What is set of a posture; a technique of which nothing is has nothing to carry over. */
const isSet = (posture: string): string =>
  `(${posture}.status_global <> 'not_evaluated' OR ${posture}.last_review_date IS NOT NULL OR ${posture}.risk_score IS NOT NULL
    OR ${posture}.owner_id IS NOT NULL OR ${posture}.tags <> '{}')`;

/**
 * Gives the posture of techniques that a release revoked to what replaces them, in every organisation: status and review where the replacement is neither evaluated
 * nor reviewed, and then risk, owner and tags where it has none. What the replacement has stays.
 * @returns how many techniques of how many organisations got something, together.
 */
export function carryOver(
  manager: EntityManager,
  revokedIds: readonly string[],
  { importId, now }: CatalogueChange,
): Promise<number> {
  return countChanged(
    manager,
    `WITH chosen AS MATERIALIZED (
       SELECT DISTINCT ON (old.organization_id, r.replaced_by_id) old.organization_id, r.replaced_by_id AS technique_id, r.id AS from_technique_id,
         old.status_global, old.last_review_date, old.risk_score, old.owner_id, old.tags
       FROM technique r JOIN posture old ON old.technique_id = r.id
       WHERE r.id = ANY ($1::uuid[]) AND ${isSet('old')}
       ORDER BY old.organization_id, r.replaced_by_id, ${ORDER}, r.attack_id COLLATE "C", r.id
     ), receiving AS MATERIALIZED (
       SELECT c.organization_id, c.technique_id, c.from_technique_id, c.status_global, c.last_review_date,
         coalesce(p.risk_score, c.risk_score) AS risk_score, coalesce(p.owner_id, c.owner_id) AS owner_id,
         CASE WHEN p.tags = '{}' THEN c.tags ELSE p.tags END AS tags,
         p.risk_score AS previous_risk_score, p.owner_id AS previous_owner_id, p.tags AS previous_tags
       FROM chosen c JOIN posture p USING (organization_id, technique_id)
       WHERE p.in_force AND p.status_global = 'not_evaluated' AND p.last_review_date IS NULL
         AND (c.status_global <> 'not_evaluated' OR c.last_review_date IS NOT NULL
           OR (p.risk_score IS NULL AND c.risk_score IS NOT NULL) OR (p.owner_id IS NULL AND c.owner_id IS NOT NULL)
           OR (p.tags = '{}' AND c.tags <> '{}'))
       ORDER BY p.organization_id, p.technique_id
       FOR NO KEY UPDATE OF p
     ), kept AS (
       INSERT INTO posture_carry_over (organization_id, technique_id, import_id, from_technique_id, carried_at, status_global, last_review_date, risk_score,
         owner_id, tags, previous_risk_score, previous_owner_id, previous_tags)
       SELECT organization_id, technique_id, $2, from_technique_id, $3, status_global, last_review_date, risk_score, owner_id, tags, previous_risk_score,
         previous_owner_id, previous_tags
       FROM receiving
     )
     ${updatePostureSql('receiving', { at: '$3', changeId: '$2' })}`,
    [revokedIds, importId, now],
  );
}

/**
 * Takes away again what {@link carryOver} gave, where it still stands as it was given.
 * @returns how many got it taken away, and how many have been changed since and stay.
 */
export async function putBack(
  manager: EntityManager,
  { importId, now }: CatalogueChange,
): Promise<{ putBack: number; stayed: number }> {
  const putBackCount = await countChanged(
    manager,
    `WITH standing AS MATERIALIZED (
       SELECT k.organization_id, k.technique_id, 'not_evaluated' AS status_global, NULL::timestamptz AS last_review_date,
         k.previous_risk_score AS risk_score, k.previous_owner_id AS owner_id, coalesce(k.previous_tags, p.tags) AS tags
       FROM posture_carry_over k JOIN posture p USING (organization_id, technique_id)
       WHERE k.import_id = $1 AND (p.status_global, p.last_review_date, p.risk_score, p.owner_id)
         IS NOT DISTINCT FROM (k.status_global, k.last_review_date, k.risk_score, k.owner_id) AND p.tags = coalesce(k.tags, p.tags)
       ORDER BY p.organization_id, p.technique_id
       FOR NO KEY UPDATE OF p
     ), noted AS (
       UPDATE posture_carry_over k SET put_back_at = $2 FROM standing s
       WHERE k.import_id = $1 AND k.organization_id = s.organization_id AND k.technique_id = s.technique_id
     )
     ${updatePostureSql('standing', { at: '$2', changeId: '$1' })}`,
    [importId, now],
  );
  const [stayed] = await queryRows<{ count: number }>(
    manager,
    'SELECT count(*)::integer AS count FROM posture_carry_over WHERE import_id = $1 AND put_back_at IS NULL',
    [importId],
  );
  return { putBack: putBackCount, stayed: stayed!.count };
}

/**
 * Of the techniques, those that an organisation has set something of, or has ever had in its revalidation queue.
 */
export async function touchedTechniques(manager: EntityManager, ids: readonly string[]): Promise<string[]> {
  const rows = await queryRows<{ id: string }>(
    manager,
    `SELECT asked.technique_id AS id FROM unnest($1::uuid[]) AS asked (technique_id)
     WHERE EXISTS (SELECT FROM posture p WHERE p.technique_id = asked.technique_id AND ${isSet('p')})
       OR EXISTS (
         SELECT FROM posture p JOIN revalidation_item i USING (organization_id, technique_id) WHERE p.technique_id = asked.technique_id
       )`,
    [ids],
  );
  return rows.map(({ id }) => id);
}
