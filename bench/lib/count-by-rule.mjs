// Compared with the evaluators: one hand-written query for each rule. It counts and collects no evidence.

const DAY_MS = 86_400_000;
const SCOPED = `SELECT count(*)::int AS measured FROM posture WHERE organization_id = $1 AND in_force AND status_global <> 'not_applicable'`;
const snapshot = (offset) =>
  `(SELECT coverage_pct FROM posture_snapshot WHERE organization_id = $1 ORDER BY snapshot_date DESC OFFSET ${offset} LIMIT 1)`;

const QUERIES = {
  high_risk: { text: `${SCOPED} AND risk_score >= $2`, parameters: ({ min_risk_score }) => [min_risk_score] },
  stale_technique: {
    text: `${SCOPED} AND status_global = 'validated' AND last_review_date < $2`,
    parameters: ({ days_stale }, now) => [new Date(now - days_stale * DAY_MS)],
  },
  coverage_regression: { text: `SELECT ${snapshot(1)} - ${snapshot(0)} AS measured`, parameters: () => [] },
  low_coverage: {
    text: `SELECT (100.0 * count(*) FILTER (WHERE status_global = 'validated') + 50 * count(*) FILTER (WHERE status_global = 'partial'))::float8
        / count(*) AS measured
      FROM posture WHERE organization_id = $1 AND in_force AND status_global <> 'not_applicable'`,
    parameters: () => [],
  },
  expiry_wave: {
    text: `SELECT count(*)::int AS measured FROM revalidation_item q JOIN posture p USING (organization_id, technique_id)
      WHERE q.organization_id = $1 AND q.status IN ('pending', 'in_progress') AND p.in_force AND p.status_global <> 'not_applicable'`,
    parameters: () => [],
  },
  new_technique: {
    text: `${SCOPED} AND mitre_last_modified >= $2`,
    parameters: ({ lookback_days }, now) => [new Date(now - lookback_days * DAY_MS)],
  },
  orphan_spike: { text: `${SCOPED} AND owner_id IS NULL`, parameters: () => [] },
};

const SAVE = {
  name: 'save',
  text: `UPDATE rule_state SET last_evaluated_at = now(), last_error = NULL, consecutive_errors = 0
    WHERE organization_id = $1 AND rule_id = $2`,
};

/**
 * Runs one prepared query for each rule, with as many queries at once as the pool has connections.
 * @param saves whether to write the state of each rule too, each by a separate statement.
 * @returns the measured value of each rule, by rule id.
 */
export async function countRuleByRule(pool, rules, { saves = false } = {}) {
  const now = Date.now();
  const measured = new Map();
  const remaining = rules.values();
  const worker = async () => {
    for (const { id, organization_id: organizationId, rule_type: type, config } of remaining) {
      const { text, parameters } = QUERIES[type];
      const { rows } = await pool.query({ name: type, text, values: [organizationId, ...parameters(config, now)] });
      measured.set(id, rows[0].measured);
      if (saves) await pool.query({ ...SAVE, values: [organizationId, id] });
    }
  };
  await Promise.all(Array.from({ length: pool.options.max }, worker));
  return measured;
}
