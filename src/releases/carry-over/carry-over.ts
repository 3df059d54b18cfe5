import type { EntityManager } from 'typeorm';
import { countChanged, queryRows } from '../../database/index.js';
import { updatePostureSql, type CatalogueChange } from '../../posture/index.js';
import type { TechniqueStatus } from '../../posture/words/index.js';

/**
 * If several techniques merge, the lowest evaluated status is kept, so that a replacement counts as validated only if
 * every part was validated. Among equals the first by ATT&CK id is kept.
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

/** SQL condition that a posture has any value. Only such a posture is carried over. */
const isSet = (posture: string): string =>
  `(${posture}.status_global <> 'not_evaluated' OR ${posture}.last_review_date IS NOT NULL OR ${posture}.risk_score IS NOT NULL
    OR ${posture}.owner_id IS NOT NULL OR ${posture}.tags <> '{}')`;

/**
 * Copies the posture of revoked techniques to their replacements, in every organisation. A replacement that is neither
 * evaluated nor reviewed gets status and review, and also risk, owner and tags if it has none. `planImpact` in
 * `preview/plan-impact.ts` states the same rule for one organisation in memory;
 * `test/integration/release-upgrade.test.ts` holds the two equal.
 * @returns how many replacements got a value, over all organisations.
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
 * Takes back what {@link carryOver} copied, unless the replacement was changed since.
 * @returns how many replacements were restored, and how many were changed since and stay.
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
 * Filters the techniques to those with a value in any organisation's posture, or with an item in a revalidation queue
 * at any time.
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
