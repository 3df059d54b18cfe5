import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * The first schema. Constraints and indexes carry PostgreSQL's default names, which the naming strategy gives the entities too, so that the
 * drift check compares like with like.
 *
 * Two rules run through it. Every row of tenant data carries `organization_id`, and references between tenant rows are composite foreign keys
 * that include it, so that the database itself refuses a reference across organisations. Tables that are updated on every pass keep a fill factor
 * below 100, so that those updates stay heap-only.
 */
export class CreateSchema1795400000000 implements MigrationInterface {
  name = 'CreateSchema1795400000000';

  async up(queryRunner: QueryRunner): Promise<void> {
    for (const statement of [functions, people, catalogue, posture, rules, alerts, webhooks, engine]) {
      await queryRunner.query(statement);
    }
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`
      DROP TABLE scheduled_slot, evaluation_run, notification, webhook_attempt, webhook_delivery, alert_instance, rule_state, alert_rule,
        webhook_endpoint, posture_change, posture_snapshot, revalidation_item, posture, catalogue_import, technique, tactic, api_key,
        refresh_session, membership, user_account, organization;
      DROP FUNCTION vedette_uuidv7();
    `);
  }
}

/** PostgreSQL has `uuidv7()` from version 18 on; rows written by `INSERT ... SELECT` need it on 15 to 17 too (RFC 9562, section 5.7). */
const functions = `
  CREATE FUNCTION vedette_uuidv7() RETURNS uuid LANGUAGE sql VOLATILE PARALLEL SAFE AS $$
    SELECT encode(
      set_bit(set_bit(
        overlay(uuid_send(gen_random_uuid())
          PLACING substring(int8send((extract(epoch FROM clock_timestamp()) * 1000)::bigint) FROM 3) FROM 1 FOR 6),
        52, 1), 53, 1), 'hex')::uuid
  $$;
`;

const people = `
  CREATE TABLE organization (
    id uuid PRIMARY KEY,
    slug text NOT NULL UNIQUE,
    name text NOT NULL,
    is_default boolean NOT NULL DEFAULT false,
    is_demo boolean NOT NULL DEFAULT false,
    created_at timestamptz NOT NULL DEFAULT now()
  );
  CREATE UNIQUE INDEX organization_is_default_idx ON organization (is_default) WHERE is_default;

  CREATE TABLE user_account (
    id uuid PRIMARY KEY,
    email text NOT NULL UNIQUE,
    display_name text NOT NULL,
    password_hash text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT user_account_email_check CHECK (email = lower(email))
  );

  CREATE TABLE membership (
    organization_id uuid NOT NULL REFERENCES organization (id) ON DELETE CASCADE,
    user_id uuid NOT NULL REFERENCES user_account (id) ON DELETE CASCADE,
    role text NOT NULL,
    is_active boolean NOT NULL DEFAULT true,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (organization_id, user_id),
    CONSTRAINT membership_role_check CHECK (role IN ('admin', 'red_lead', 'blue_lead', 'analyst', 'viewer'))
  );
  CREATE INDEX membership_user_id_idx ON membership (user_id);

  CREATE TABLE refresh_session (
    id uuid PRIMARY KEY,
    organization_id uuid NOT NULL,
    user_id uuid NOT NULL,
    family_id uuid NOT NULL,
    token_hash text NOT NULL UNIQUE,
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    used_at timestamptz,
    revoked_at timestamptz,
    FOREIGN KEY (organization_id, user_id) REFERENCES membership (organization_id, user_id) ON DELETE CASCADE
  );
  CREATE INDEX refresh_session_organization_id_user_id_idx ON refresh_session (organization_id, user_id);
  CREATE INDEX refresh_session_family_id_idx ON refresh_session (family_id);

  CREATE TABLE api_key (
    id uuid PRIMARY KEY,
    organization_id uuid NOT NULL REFERENCES organization (id) ON DELETE CASCADE,
    name text NOT NULL,
    prefix text NOT NULL,
    key_hash text NOT NULL UNIQUE,
    role text NOT NULL,
    created_by uuid,
    created_at timestamptz NOT NULL DEFAULT now(),
    last_used_at timestamptz,
    expires_at timestamptz,
    revoked_at timestamptz,
    CONSTRAINT api_key_role_check CHECK (role IN ('admin', 'red_lead', 'blue_lead', 'analyst', 'viewer'))
  );
  CREATE INDEX api_key_organization_id_idx ON api_key (organization_id);
`;

const catalogue = `
  CREATE TABLE tactic (
    id uuid PRIMARY KEY,
    attack_id text NOT NULL,
    domain text NOT NULL,
    shortname text NOT NULL,
    name text NOT NULL,
    UNIQUE (domain, shortname)
  );

  CREATE TABLE technique (
    id uuid PRIMARY KEY,
    attack_id text NOT NULL,
    name text NOT NULL,
    domain text NOT NULL,
    is_subtechnique boolean NOT NULL,
    parent_id uuid,
    tactics text[] NOT NULL,
    platforms text[] NOT NULL,
    technique_version text,
    attack_version text NOT NULL,
    mitre_created timestamptz NOT NULL,
    mitre_last_modified timestamptz NOT NULL,
    mitre_modified_raw timestamptz NOT NULL,
    content_hash text NOT NULL,
    is_revoked boolean NOT NULL,
    is_deprecated boolean NOT NULL,
    in_force boolean NOT NULL,
    revoked_by_id uuid,
    replaced_by_id uuid,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT technique_in_force_check CHECK (in_force = NOT (is_revoked OR is_deprecated))
  );
  CREATE INDEX technique_attack_id_idx ON technique (attack_id);
  CREATE INDEX technique_domain_idx ON technique (domain);

  CREATE TABLE catalogue_import (
    id uuid PRIMARY KEY,
    domain text NOT NULL,
    attack_version text NOT NULL,
    previous_attack_version text,
    source text NOT NULL,
    result jsonb NOT NULL,
    imported_by uuid,
    created_at timestamptz NOT NULL DEFAULT now()
  );
  CREATE INDEX catalogue_import_domain_created_at_idx ON catalogue_import (domain, created_at);
`;

/**
 * One narrow row per organisation and technique. `in_force` and `mitre_last_modified` are the catalogue's facts, copied by its import, so that every
 * count an evaluator needs is answered by one partial index of this table alone.
 */
const posture = `
  CREATE TABLE posture (
    organization_id uuid NOT NULL REFERENCES organization (id) ON DELETE CASCADE,
    technique_id uuid NOT NULL REFERENCES technique (id),
    status_global text NOT NULL DEFAULT 'not_evaluated',
    last_review_date timestamptz,
    risk_score double precision,
    owner_id uuid,
    in_force boolean NOT NULL,
    mitre_last_modified timestamptz NOT NULL,
    updated_at timestamptz NOT NULL DEFAULT now(),
    updated_by uuid,
    PRIMARY KEY (organization_id, technique_id),
    FOREIGN KEY (organization_id, owner_id) REFERENCES membership (organization_id, user_id) ON DELETE SET NULL (owner_id),
    CONSTRAINT posture_status_global_check
      CHECK (status_global IN ('not_evaluated', 'not_covered', 'in_progress', 'partial', 'validated', 'not_applicable')),
    CONSTRAINT posture_risk_score_check CHECK (risk_score >= 0 AND risk_score <= 100)
  ) WITH (fillfactor = 80);
  CREATE INDEX posture_technique_id_idx ON posture (technique_id);
  CREATE INDEX posture_owner_id_idx ON posture (organization_id, owner_id) WHERE owner_id IS NOT NULL;
  CREATE INDEX posture_coverage_idx ON posture (organization_id, status_global)
    WHERE in_force AND status_global <> 'not_applicable';
  CREATE INDEX posture_risk_idx ON posture (organization_id, risk_score) INCLUDE (technique_id)
    WHERE in_force AND status_global <> 'not_applicable' AND risk_score IS NOT NULL;
  CREATE INDEX posture_review_idx ON posture (organization_id, last_review_date) INCLUDE (technique_id)
    WHERE in_force AND status_global = 'validated' AND last_review_date IS NOT NULL;
  CREATE INDEX posture_modified_idx ON posture (organization_id, mitre_last_modified) INCLUDE (technique_id)
    WHERE in_force AND status_global <> 'not_applicable';
  CREATE INDEX posture_unowned_idx ON posture (organization_id) INCLUDE (technique_id)
    WHERE in_force AND status_global <> 'not_applicable' AND owner_id IS NULL;

  CREATE TABLE revalidation_item (
    id uuid PRIMARY KEY,
    organization_id uuid NOT NULL,
    technique_id uuid NOT NULL,
    status text NOT NULL DEFAULT 'pending',
    reason text,
    assignee_id uuid,
    due_at timestamptz,
    created_by uuid,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    completed_at timestamptz,
    FOREIGN KEY (organization_id, technique_id) REFERENCES posture (organization_id, technique_id) ON DELETE CASCADE,
    FOREIGN KEY (organization_id, assignee_id) REFERENCES membership (organization_id, user_id) ON DELETE SET NULL (assignee_id),
    CONSTRAINT revalidation_item_status_check CHECK (status IN ('pending', 'in_progress', 'done', 'cancelled'))
  );
  CREATE INDEX revalidation_item_organization_id_created_at_idx ON revalidation_item (organization_id, created_at, id);
  CREATE UNIQUE INDEX revalidation_item_unfinished_idx ON revalidation_item (organization_id, technique_id)
    WHERE status IN ('pending', 'in_progress');

  CREATE TABLE posture_snapshot (
    organization_id uuid NOT NULL REFERENCES organization (id) ON DELETE CASCADE,
    snapshot_date date NOT NULL,
    coverage_pct double precision NOT NULL,
    total integer NOT NULL,
    validated integer NOT NULL,
    partial integer NOT NULL,
    in_progress integer NOT NULL,
    not_covered integer NOT NULL,
    not_evaluated integer NOT NULL,
    source text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (organization_id, snapshot_date),
    CONSTRAINT posture_snapshot_source_check CHECK (source IN ('scheduled', 'manual', 'historical')),
    CONSTRAINT posture_snapshot_coverage_pct_check CHECK (coverage_pct >= 0 AND coverage_pct <= 100)
  );

  CREATE TABLE posture_change (
    organization_id uuid PRIMARY KEY REFERENCES organization (id) ON DELETE CASCADE,
    kinds text[] NOT NULL,
    first_changed_at timestamptz NOT NULL,
    due_at timestamptz NOT NULL
  ) WITH (fillfactor = 70);
  CREATE INDEX posture_change_due_at_idx ON posture_change (due_at);
`;

/** What changes on every pass stands in \`rule_state\`, apart from what an admin wrote, so that a pass neither bumps a rule's version nor rewrites its config. */
const rules = `
  CREATE TABLE webhook_endpoint (
    id uuid PRIMARY KEY,
    organization_id uuid NOT NULL REFERENCES organization (id) ON DELETE CASCADE,
    name text NOT NULL,
    url text NOT NULL,
    events text[] NOT NULL,
    format text NOT NULL,
    is_enabled boolean NOT NULL DEFAULT true,
    secret_ciphertext text NOT NULL,
    created_by uuid,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    UNIQUE (organization_id, id)
  );

  CREATE TABLE alert_rule (
    id uuid PRIMARY KEY,
    organization_id uuid NOT NULL REFERENCES organization (id) ON DELETE CASCADE,
    system_key text,
    name text NOT NULL,
    description text NOT NULL DEFAULT '',
    rule_type text NOT NULL,
    severity text NOT NULL,
    config jsonb NOT NULL,
    cooldown_hours double precision NOT NULL,
    is_enabled boolean NOT NULL DEFAULT true,
    notify_in_app boolean NOT NULL DEFAULT true,
    notify_webhook boolean NOT NULL DEFAULT false,
    webhook_id uuid,
    on_repeat text NOT NULL DEFAULT 'new_instance',
    created_by uuid,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    version integer NOT NULL DEFAULT 1,
    UNIQUE (organization_id, id),
    UNIQUE (organization_id, system_key),
    FOREIGN KEY (organization_id, webhook_id) REFERENCES webhook_endpoint (organization_id, id) ON DELETE SET NULL (webhook_id),
    CONSTRAINT alert_rule_severity_check CHECK (severity IN ('critical', 'high', 'medium', 'low', 'info')),
    CONSTRAINT alert_rule_on_repeat_check CHECK (on_repeat IN ('new_instance', 'update_open'))
  );
  CREATE INDEX alert_rule_organization_id_created_at_id_idx ON alert_rule (organization_id, created_at, id);
  CREATE INDEX alert_rule_webhook_id_idx ON alert_rule (organization_id, webhook_id) WHERE webhook_id IS NOT NULL;

  CREATE TABLE rule_state (
    organization_id uuid NOT NULL,
    rule_id uuid NOT NULL,
    next_evaluation_at timestamptz,
    last_evaluated_at timestamptz,
    last_fired_at timestamptz,
    last_error text,
    consecutive_errors integer NOT NULL DEFAULT 0,
    PRIMARY KEY (organization_id, rule_id),
    FOREIGN KEY (organization_id, rule_id) REFERENCES alert_rule (organization_id, id) ON DELETE CASCADE
  ) WITH (fillfactor = 70);
  CREATE INDEX rule_state_next_evaluation_at_idx ON rule_state (next_evaluation_at) WHERE next_evaluation_at IS NOT NULL;
`;

/** \`alert_instance.rule_id\` has no foreign key on purpose: deleting a rule keeps its alerts, and they keep saying which rule it was. */
const alerts = `
  CREATE TABLE alert_instance (
    id uuid PRIMARY KEY,
    organization_id uuid NOT NULL REFERENCES organization (id) ON DELETE CASCADE,
    rule_id uuid NOT NULL,
    rule_name text NOT NULL,
    rule_type text NOT NULL,
    severity text NOT NULL,
    title text NOT NULL,
    message text NOT NULL,
    details jsonb NOT NULL,
    status text NOT NULL DEFAULT 'open',
    fingerprint text,
    occurrence_count integer NOT NULL DEFAULT 1,
    last_occurred_at timestamptz NOT NULL,
    acknowledged_by uuid,
    acknowledged_at timestamptz,
    resolved_by uuid,
    resolved_at timestamptz,
    dismissed_by uuid,
    dismissed_at timestamptz,
    created_at timestamptz NOT NULL,
    UNIQUE (organization_id, id),
    CONSTRAINT alert_instance_severity_check CHECK (severity IN ('critical', 'high', 'medium', 'low', 'info')),
    CONSTRAINT alert_instance_status_check CHECK (status IN ('open', 'acknowledged', 'resolved', 'dismissed'))
  );
  CREATE INDEX alert_instance_newest_idx ON alert_instance (organization_id, created_at, id);
  CREATE INDEX alert_instance_status_idx ON alert_instance (organization_id, status, created_at, id);
  CREATE INDEX alert_instance_rule_idx ON alert_instance (organization_id, rule_id, created_at, id);
  CREATE INDEX alert_instance_counts_idx ON alert_instance (organization_id, status, severity, rule_type);
  CREATE UNIQUE INDEX alert_instance_fingerprint_idx ON alert_instance (organization_id, rule_id, fingerprint)
    WHERE status IN ('open', 'acknowledged');

  CREATE TABLE notification (
    id uuid PRIMARY KEY,
    organization_id uuid NOT NULL,
    user_id uuid NOT NULL,
    alert_id uuid,
    event text NOT NULL,
    severity text NOT NULL,
    title text NOT NULL,
    message text NOT NULL,
    created_at timestamptz NOT NULL,
    read_at timestamptz,
    FOREIGN KEY (organization_id, user_id) REFERENCES membership (organization_id, user_id) ON DELETE CASCADE,
    FOREIGN KEY (organization_id, alert_id) REFERENCES alert_instance (organization_id, id) ON DELETE CASCADE
  );
  CREATE INDEX notification_inbox_idx ON notification (organization_id, user_id, created_at, id);
  CREATE INDEX notification_unread_idx ON notification (organization_id, user_id) WHERE read_at IS NULL;
  CREATE UNIQUE INDEX notification_once_idx ON notification (organization_id, alert_id, event, user_id) WHERE alert_id IS NOT NULL;
`;

/** \`webhook_delivery\` is the transactional outbox and the queue in one: the row is written in the transaction that opens the alert. */
const webhooks = `
  CREATE TABLE webhook_delivery (
    id uuid PRIMARY KEY,
    organization_id uuid NOT NULL,
    endpoint_id uuid NOT NULL,
    event_id uuid NOT NULL,
    event_type text NOT NULL,
    alert_id uuid,
    body text NOT NULL,
    status text NOT NULL DEFAULT 'pending',
    attempt_count integer NOT NULL DEFAULT 0,
    next_attempt_at timestamptz NOT NULL,
    lock_token uuid,
    locked_until timestamptz,
    last_status_code integer,
    last_error text,
    created_at timestamptz NOT NULL,
    completed_at timestamptz,
    UNIQUE (organization_id, id),
    UNIQUE (event_id, endpoint_id),
    FOREIGN KEY (organization_id, endpoint_id) REFERENCES webhook_endpoint (organization_id, id) ON DELETE CASCADE,
    CONSTRAINT webhook_delivery_status_check CHECK (status IN ('pending', 'delivered', 'failed'))
  ) WITH (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.05, autovacuum_vacuum_cost_delay = 0);
  CREATE INDEX webhook_delivery_due_idx ON webhook_delivery (next_attempt_at) WHERE status = 'pending';
  CREATE INDEX webhook_delivery_endpoint_idx ON webhook_delivery (organization_id, endpoint_id, created_at, id);

  CREATE TABLE webhook_attempt (
    id uuid PRIMARY KEY,
    organization_id uuid NOT NULL,
    delivery_id uuid NOT NULL,
    attempt integer NOT NULL,
    started_at timestamptz NOT NULL,
    duration_ms double precision NOT NULL,
    status_code integer,
    error text,
    response_body text,
    FOREIGN KEY (organization_id, delivery_id) REFERENCES webhook_delivery (organization_id, id) ON DELETE CASCADE
  );
  CREATE INDEX webhook_attempt_delivery_idx ON webhook_attempt (organization_id, delivery_id, attempt);
`;

const engine = `
  CREATE TABLE evaluation_run (
    id uuid PRIMARY KEY,
    organization_id uuid NOT NULL REFERENCES organization (id) ON DELETE CASCADE,
    trigger text NOT NULL,
    requested_by uuid,
    started_at timestamptz NOT NULL,
    duration_seconds double precision NOT NULL,
    rules_evaluated integer NOT NULL,
    alerts_fired integer NOT NULL,
    outcomes jsonb NOT NULL,
    CONSTRAINT evaluation_run_trigger_check CHECK (trigger IN ('cron', 'posture_change', 'manual'))
  );
  CREATE INDEX evaluation_run_newest_idx ON evaluation_run (organization_id, started_at, id);

  CREATE TABLE scheduled_slot (
    name text PRIMARY KEY,
    slot timestamptz NOT NULL,
    claimed_at timestamptz NOT NULL
  );
`;
