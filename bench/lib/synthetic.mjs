// Generated organisations. No random numbers: every run measures the same rows.

const DAY_MS = 86_400_000;

/** Techniques that MITRE changed recently: enough to breach a rule. The quiet posture marks them as not applicable. */
const RECENT = 30;

/**
 * Fills the catalogue with techniques of nine sub-techniques each: `T1000`, `T1000.001` and so on.
 * @param recent the first this many were last modified yesterday, the others months ago.
 */
export function addCatalogue(client, count, { recent = 0 } = {}) {
  return client.query(
    `INSERT INTO technique (id, attack_id, name, domain, is_subtechnique, tactics, platforms, technique_version, attack_version, mitre_created,
       mitre_last_modified, mitre_modified_raw, content_hash, is_revoked, is_deprecated, in_force)
     SELECT vedette_uuidv7(), 'T' || (1000 + i / 10) || CASE WHEN i % 10 = 0 THEN '' ELSE '.00' || i % 10 END, 'Synthetic technique ' || i,
       'enterprise-attack', i % 10 <> 0, '{execution}', '{Windows,Linux}', '1.0', '18.1', now() - interval '3 years', m.at, m.at, md5(i::text),
       false, false, true
     FROM generate_series(0, $1::int - 1) i
     CROSS JOIN LATERAL (SELECT CASE WHEN i < $2 THEN now() - interval '1 day' ELSE now() - make_interval(days => 100 + i % 500) END) m (at)`,
    [count, recent],
  );
}

/** @returns the id of a new person who can own techniques. */
export async function addOwner(client) {
  const { rows } = await client.query(
    `INSERT INTO user_account (id, email, display_name, password_hash) VALUES (vedette_uuidv7(), 'owner@example.com', 'Owner', '-') RETURNING id`,
  );
  return rows[0].id;
}

/** @returns the ids of `count` new organisations. The owner is a member of each. */
export async function addOrganizations(client, count, ownerId) {
  const { rows } = await client.query(
    `WITH added AS (
       INSERT INTO organization (id, slug, name)
       SELECT id, 'synthetic-' || id, 'Synthetic organisation' FROM (SELECT vedette_uuidv7() AS id FROM generate_series(1, $1::int)) o
       RETURNING id
     ), joined AS (INSERT INTO membership (organization_id, user_id, role) SELECT id, $2, 'analyst' FROM added)
     SELECT id FROM added`,
    [count, ownerId],
  );
  return rows.map(({ id }) => id);
}

/** Adds posture, queue and snapshots that give each system rule rows to count, but make none fire. */
export async function addQuietPosture(client, organizationIds, ownerId) {
  await client.query(
    `INSERT INTO posture (organization_id, technique_id, status_global, last_review_date, risk_score, owner_id, in_force, mitre_last_modified)
     SELECT o.id, t.id,
       CASE WHEN t.n % 10 < 6 THEN 'validated' WHEN t.n % 10 < 8 THEN 'partial' ELSE 'not_covered' END,
       now() - make_interval(days => CASE WHEN t.n % 10 = 0 AND t.n < 40 THEN 60 ELSE (t.n % 28)::int END),
       CASE WHEN t.n < 2 THEN 80 WHEN t.n < 7 THEN 60 ELSE t.n * 7 % 50 END,
       CASE WHEN t.n % 47 <> 0 THEN $2::uuid END, t.in_force, t.mitre_last_modified
     FROM unnest($1::uuid[]) o (id)
     CROSS JOIN (SELECT *, row_number() OVER (ORDER BY attack_id) - 1 AS n FROM technique) t
     ORDER BY o.id, t.id`,
    [organizationIds, ownerId],
  );
  await addQueue(client, organizationIds, 10);
  await addSnapshots(client, organizationIds);
}

/** Adds an organisation, a catalogue of this size, and an empty posture row for each technique. */
export async function addLargeOrganization(client, techniques) {
  await addCatalogue(client, techniques, { recent: RECENT });
  const ownerId = await addOwner(client);
  const [organizationId] = await addOrganizations(client, 1, ownerId);
  await client.query(
    `INSERT INTO posture (organization_id, technique_id, in_force, mitre_last_modified)
     SELECT $1, id, in_force, mitre_last_modified FROM technique ORDER BY id`,
    [organizationId],
  );
  await addQueue(client, [organizationId], 20);
  await addSnapshots(client, [organizationId]);
  const { rows } = await client.query('SELECT id, attack_id FROM technique ORDER BY attack_id');
  return { organizationId, ownerId, techniques: rows };
}

/**
 * Two bodies of `PUT /posture` for {@link addLargeOrganization} that differ in every item. After `quiet` no system rule
 * fires. After `loud` all fire except Coverage Regression, because a PUT does not change snapshots.
 */
export function twoPostures({ techniques, ownerId }) {
  const daysAgo = (days) => new Date(Date.now() - days * DAY_MS).toISOString();
  const quiet = techniques.map(({ attack_id }, n) => ({
    attack_id,
    status_global: n < RECENT ? 'not_applicable' : n % 10 < 6 ? 'validated' : n % 10 < 8 ? 'partial' : 'not_covered',
    last_review_date: daysAgo(n % 10 === 0 && n < 70 ? 60 : n % 28),
    risk_score: n < RECENT + 2 ? 80 : n < RECENT + 7 ? 60 : (n * 7) % 50,
    owner_id: n % 600 === 0 ? null : ownerId,
  }));
  const loud = techniques.map(({ attack_id }, n) => ({
    attack_id,
    status_global: n % 10 < 1 ? 'validated' : n % 10 < 3 ? 'partial' : 'not_covered',
    last_review_date: daysAgo(60 + (n % 28)),
    risk_score: ((n * 7) % 100) + 0.5,
    owner_id: n % 3 === 0 ? null : ownerId,
  }));
  return { quiet, loud };
}

function addQueue(client, organizationIds, count) {
  return client.query(
    `INSERT INTO revalidation_item (id, organization_id, technique_id)
     SELECT vedette_uuidv7(), o.id, t.id
     FROM unnest($1::uuid[]) o (id) CROSS JOIN (SELECT id FROM technique ORDER BY attack_id LIMIT $2) t`,
    [organizationIds, count],
  );
}

/** Adds 30 daily snapshots with almost constant coverage. */
function addSnapshots(client, organizationIds) {
  return client.query(
    `INSERT INTO posture_snapshot (organization_id, snapshot_date, coverage_pct, total, validated, partial, in_progress, not_covered, not_evaluated, source)
     SELECT o.id, current_date - d, 61 - d % 2, 700, 420, 14, 0, 266, 0, 'scheduled'
     FROM unnest($1::uuid[]) o (id) CROSS JOIN generate_series(0, 29) d`,
    [organizationIds],
  );
}

/** Adds `count` people to each organisation who receive notifications of alerts. */
export async function addLeads(client, organizationIds, count) {
  await client.query(
    `WITH added AS (
       INSERT INTO user_account (id, email, display_name, password_hash)
       SELECT vedette_uuidv7(), 'lead-' || n || '@' || o.id || '.example.com', 'Lead ' || n, '-'
       FROM unnest($1::uuid[]) o (id) CROSS JOIN generate_series(1, $2::int) n
       RETURNING id, split_part(split_part(email, '@', 2), '.', 1)::uuid AS organization_id
     )
     INSERT INTO membership (organization_id, user_id, role) SELECT organization_id, id, 'red_lead' FROM added`,
    [organizationIds, count],
  );
}

/** Adds `count` endpoints to each organisation that subscribe to alerts. They have no secret, so nothing is sent. */
export async function addEndpoints(client, organizationIds, count) {
  await client.query(
    `INSERT INTO webhook_endpoint (id, organization_id, name, url, events, format, secret_ciphertext)
     SELECT vedette_uuidv7(), o.id, 'Endpoint ' || n, 'https://receiver.example.com/' || n, '{alert.fired}', 'standard', '-'
     FROM unnest($1::uuid[]) o (id) CROSS JOIN generate_series(1, $2::int) n`,
    [organizationIds, count],
  );
}

/** Ten rules without cooldown, all of which fire after {@link addQuietPosture}. */
const BREACHING_RULES = [
  ['high_risk', 'critical', { min_risk_score: 75, min_count: 1 }],
  ['high_risk', 'high', { min_risk_score: 50, min_count: 1 }],
  ['high_risk', 'medium', { min_risk_score: 25, min_count: 1 }],
  ['high_risk', 'low', { min_risk_score: 0, min_count: 1 }],
  ['stale_technique', 'medium', { days_stale: 30, min_count: 1 }],
  ['stale_technique', 'low', { days_stale: 7, min_count: 1 }],
  ['low_coverage', 'medium', { max_coverage_pct: 100 }],
  ['expiry_wave', 'medium', { min_pending_count: 1 }],
  ['new_technique', 'info', { lookback_days: 3650, min_count: 1 }],
  ['orphan_spike', 'low', { min_orphan_count: 1 }],
];

export async function addBreachingRules(client, organizationIds) {
  await client.query(
    `WITH added AS (
       INSERT INTO alert_rule (id, organization_id, name, rule_type, severity, config, cooldown_hours)
       SELECT vedette_uuidv7(), o.id, 'Rule ' || ord, value ->> 0, value ->> 1, value -> 2, 0
       FROM unnest($1::uuid[]) o (id) CROSS JOIN jsonb_array_elements($2::jsonb) WITH ORDINALITY AS rule (value, ord)
       RETURNING organization_id, id
     ), scheduled AS (
       INSERT INTO rule_schedule (organization_id, interval_minutes, next_evaluation_at) SELECT DISTINCT organization_id, 0, now() FROM added
     )
     INSERT INTO rule_state (organization_id, rule_id, scheduled_since) SELECT organization_id, id, now() FROM added`,
    [organizationIds, JSON.stringify(BREACHING_RULES)],
  );
}

/** Adds alerts of an organisation, ten seconds apart and up to now. Its rules take turns. Most alerts are closed. */
export function addAlerts(client, organizationId, count) {
  return client.query(
    `INSERT INTO alert_instance (id, organization_id, rule_id, rule_name, rule_type, severity, title, message, details, status, last_occurred_at,
       acknowledged_by, acknowledged_at, resolved_by, resolved_at, dismissed_by, dismissed_at, created_at)
     SELECT vedette_uuidv7(), $1, r.id, r.name, r.rule_type, r.severity, '12 techniques have a risk score of 75 or more',
       '12 techniques have a risk score of 75 or more; the rule fires at 3 or more. Highest risk: T1059.001 (97.5), T1003 (92). Look at these first.',
       '{"count": 12, "threshold": 75, "min_count": 3, "top_attack_ids": ["T1059.001", "T1003", "T1078"], "top_scores": [97.5, 92, 88]}',
       s.status, a.at, CASE WHEN s.status = 'acknowledged' THEN r.id END, CASE WHEN s.status = 'acknowledged' THEN a.at END,
       CASE WHEN s.status = 'resolved' THEN r.id END, CASE WHEN s.status = 'resolved' THEN a.at END,
       CASE WHEN s.status = 'dismissed' THEN r.id END, CASE WHEN s.status = 'dismissed' THEN a.at END, a.at
     FROM generate_series(0, $2::int - 1) i
     CROSS JOIN LATERAL (SELECT date_trunc('second', now()) - ($2 - i) * interval '10 seconds') a (at)
     CROSS JOIN LATERAL (
       SELECT CASE WHEN i % 50 = 0 THEN 'open' WHEN i % 50 = 1 THEN 'acknowledged' WHEN i % 50 < 5 THEN 'dismissed' ELSE 'resolved' END
     ) s (status)
     JOIN (SELECT *, row_number() OVER (ORDER BY created_at) - 1 AS n, count(*) OVER () AS rules FROM alert_rule WHERE organization_id = $1) r
       ON r.n = i / 7 % r.rules`,
    [organizationId, count],
  );
}

/**
 * Adds history of the last `days` days: each technique changes every `daysBetween` days, a part of them each day.
 * Also adds a snapshot for each day, and queue items that were done within three weeks.
 */
export async function addBusyHistory(client, organizationIds, ownerId, { days, daysBetween }) {
  const facts = `
    CASE (t.n + v.version * 5) % 10 WHEN 0 THEN 'not_covered' WHEN 1 THEN 'in_progress' WHEN 2 THEN 'partial' WHEN 3 THEN 'partial' ELSE 'validated' END,
    v.began - make_interval(days => ((t.n + v.version) % 40)::int), (t.n * 7 + v.version * 13) % 100, CASE WHEN (t.n + v.version) % 47 <> 0 THEN $2::uuid END,
    t.in_force, t.mitre_last_modified`;
  const columns =
    'organization_id, technique_id, status_global, last_review_date, risk_score, owner_id, in_force, mitre_last_modified, version, valid_from, change_source';
  const version = `
    FROM unnest($1::uuid[]) o (id)
    CROSS JOIN (SELECT *, row_number() OVER (ORDER BY attack_id) - 1 AS n FROM technique) t
    CROSS JOIN LATERAL (
      SELECT version, CASE WHEN version = 1 THEN began ELSE began + make_interval(hours => (t.n * 24 * $4::int / 700)::int) END AS began
      FROM generate_series(1, $3::int / $4::int) version
      CROSS JOIN LATERAL (SELECT date_trunc('hour', now()) - make_interval(days => $3::int) + (version - 1) * make_interval(days => $4::int)) b (began)
    ) v`;
  const parameters = [organizationIds, ownerId, days, daysBetween];
  await client.query(
    `INSERT INTO posture (${columns}) SELECT o.id, t.id, ${facts}, v.version, v.began, 'api' ${version} WHERE v.version = $3::int / $4::int`,
    parameters,
  );
  await client.query(
    `INSERT INTO posture_history (${columns}, valid_to)
     SELECT o.id, t.id, ${facts}, v.version, v.began, 'api',
       date_trunc('hour', now()) - make_interval(days => $3::int) + v.version * make_interval(days => $4::int)
         + make_interval(hours => (t.n * 24 * $4::int / 700)::int)
     ${version} WHERE v.version < $3::int / $4::int
     ORDER BY v.began`,
    parameters,
  );
  await client.query(
    `WITH item AS (
       SELECT o.id AS organization_id, vedette_uuidv7() AS id, t.id AS technique_id, now() - make_interval(days => $2::int) + d * interval '1 day' AS added,
         make_interval(days => (7 + d % 14)::int) AS takes
       FROM unnest($1::uuid[]) o (id)
       CROSS JOIN generate_series(0, $2::int - 1) d
       CROSS JOIN LATERAL (SELECT id FROM technique ORDER BY attack_id OFFSET d LIMIT 3) t
     ), added AS (
       INSERT INTO revalidation_item (organization_id, id, technique_id, status, created_at, valid_from, version)
       SELECT organization_id, id, technique_id, 'done', added, added + takes, 2 FROM item
     )
     INSERT INTO revalidation_item_history (organization_id, id, technique_id, version, valid_from, valid_to, status, created_at)
     SELECT organization_id, id, technique_id, 1, added, added + takes, 'pending', added FROM item`,
    [organizationIds, days],
  );
  await client.query(
    `INSERT INTO posture_snapshot (organization_id, snapshot_date, coverage_pct, total, validated, partial, in_progress, not_covered, not_evaluated, source,
       valid_from)
     SELECT o.id, current_date - d, 61 - d % 2, 700, 420, 14, 0, 266, 0, 'scheduled', (current_date - d)::timestamp AT TIME ZONE 'UTC' + interval '5 minutes'
     FROM unnest($1::uuid[]) o (id) CROSS JOIN generate_series(0, $2::int) d`,
    [organizationIds, days],
  );
}
