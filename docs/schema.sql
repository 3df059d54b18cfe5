-- Vedette's database schema, as the migrations make it. Run `npm run docs:sql` after a new migration; do not edit.
--
-- This is for reading. Vedette makes and upgrades its schema by itself: see migrations/.

-- The body of a function may name tables that come later.
SET check_function_bodies = off;

CREATE OR REPLACE FUNCTION count_alerts()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
  BEGIN
    IF TG_OP = 'INSERT' THEN
      INSERT INTO alert_count (id, organization_id, status, severity, rule_type, rule_id, count)
      SELECT vedette_uuidv7(), organization_id, status, severity, rule_type, rule_id, count(*) FROM new_rows
      GROUP BY organization_id, status, severity, rule_type, rule_id;
    ELSIF TG_OP = 'DELETE' THEN
      -- An organisation that is deleted takes its counts along.
      INSERT INTO alert_count (id, organization_id, status, severity, rule_type, rule_id, count)
      SELECT vedette_uuidv7(), organization_id, status, severity, rule_type, rule_id, -count(*) FROM old_rows
      WHERE organization_id IN (SELECT id FROM organization)
      GROUP BY organization_id, status, severity, rule_type, rule_id;
    ELSE
      INSERT INTO alert_count (id, organization_id, status, severity, rule_type, rule_id, count)
      SELECT vedette_uuidv7(), organization_id, status, severity, rule_type, rule_id, sum(change) FROM (
        SELECT organization_id, status, severity, rule_type, rule_id, 1 AS change FROM new_rows
        UNION ALL SELECT organization_id, status, severity, rule_type, rule_id, -1 FROM old_rows
      ) changes
      GROUP BY organization_id, status, severity, rule_type, rule_id HAVING sum(change) <> 0;
    END IF;
    RETURN NULL;
  END $function$;

CREATE OR REPLACE FUNCTION delete_webhook_attempts()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
      BEGIN
        DELETE FROM webhook_attempt a USING deleted d WHERE a.organization_id = d.organization_id AND a.delivery_id = d.id;
        RETURN NULL;
      END $function$;

CREATE OR REPLACE FUNCTION forget_posture_history()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
  BEGIN
    DELETE FROM posture_history WHERE organization_id IN (SELECT id FROM old_rows);
    RETURN NULL;
  END $function$;

CREATE OR REPLACE FUNCTION keep_posture_snapshot_versions()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
  DECLARE
    -- In milliseconds, like the clock of the application.
    this_instant timestamptz := date_trunc('milliseconds', clock_timestamp());
    broken bigint;
  BEGIN
    IF current_setting('vedette.repairing_versions', true) = 'on' OR NOT EXISTS (SELECT FROM new_rows) THEN RETURN NULL; END IF;

    EXECUTE $sql$
      WITH moved AS MATERIALIZED (
        SELECT o.*, is_new, began, (n.version, n.valid_from) <> (right_version, right_from) AS is_broken
        FROM old_rows o
        JOIN new_rows n USING (organization_id, snapshot_date)
        CROSS JOIN LATERAL (
          SELECT n.version <> o.version
              OR (o.coverage_pct, o.total, o.validated, o.partial, o.in_progress, o.not_covered, o.not_evaluated, o.source, o.rollup, o.formula_version,
                o.scope, o.attack_versions, o.tactics, o.taken_at, o.baseline_pct, o.baseline_date, o.baseline_tactics)
              IS DISTINCT FROM (n.coverage_pct, n.total, n.validated, n.partial, n.in_progress, n.not_covered, n.not_evaluated, n.source, n.rollup,
                n.formula_version, n.scope, n.attack_versions, n.tactics, n.taken_at, n.baseline_pct, n.baseline_date, n.baseline_tactics) AS is_new,
            n.version = o.version AND n.valid_from = o.valid_from AS is_silent
        ) compared
        CROSS JOIN LATERAL (SELECT greatest(o.valid_from, CASE WHEN is_silent THEN $1 ELSE n.valid_from END) AS began) start
        CROSS JOIN LATERAL (
          SELECT o.version + is_new::integer AS right_version, CASE WHEN is_new THEN began ELSE o.valid_from END AS right_from
        ) expected
        WHERE is_new OR n.valid_from <> o.valid_from
      ), kept AS (
        INSERT INTO posture_snapshot_history (organization_id, snapshot_date, coverage_pct, total, validated, partial, in_progress, not_covered,
          not_evaluated, source, rollup, formula_version, scope, attack_versions, tactics, taken_at, baseline_pct, baseline_date, baseline_tactics,
          version, valid_from, valid_to)
        SELECT organization_id, snapshot_date, coverage_pct, total, validated, partial, in_progress, not_covered,
          not_evaluated, source, rollup, formula_version, scope, attack_versions, tactics, taken_at, baseline_pct, baseline_date, baseline_tactics,
          version, valid_from, began
        FROM moved WHERE is_new
      )
      SELECT count(*) FROM moved WHERE is_broken$sql$
      INTO broken USING this_instant;

    IF broken > 0 THEN
      PERFORM set_config('vedette.repairing_versions', 'on', true);
      EXECUTE $sql$
        UPDATE posture_snapshot t
        SET version = r.version, valid_from = r.valid_from
        FROM (
          SELECT organization_id, snapshot_date, right_version AS version, right_from AS valid_from
          FROM old_rows o
          JOIN new_rows n USING (organization_id, snapshot_date)
          CROSS JOIN LATERAL (
            SELECT n.version <> o.version
                OR (o.coverage_pct, o.total, o.validated, o.partial, o.in_progress, o.not_covered, o.not_evaluated, o.source, o.rollup,
                  o.formula_version, o.scope, o.attack_versions, o.tactics, o.taken_at, o.baseline_pct, o.baseline_date, o.baseline_tactics)
                IS DISTINCT FROM (n.coverage_pct, n.total, n.validated, n.partial, n.in_progress, n.not_covered, n.not_evaluated, n.source, n.rollup,
                  n.formula_version, n.scope, n.attack_versions, n.tactics, n.taken_at, n.baseline_pct, n.baseline_date, n.baseline_tactics) AS is_new,
              n.version = o.version AND n.valid_from = o.valid_from AS is_silent
          ) compared
          CROSS JOIN LATERAL (SELECT greatest(o.valid_from, CASE WHEN is_silent THEN $1 ELSE n.valid_from END) AS began) start
          CROSS JOIN LATERAL (
            SELECT o.version + is_new::integer AS right_version, CASE WHEN is_new THEN began ELSE o.valid_from END AS right_from
          ) expected
          WHERE (n.version, n.valid_from) <> (right_version, right_from)
        ) r
        WHERE t.organization_id = r.organization_id AND t.snapshot_date = r.snapshot_date$sql$
        USING this_instant;
      PERFORM set_config('vedette.repairing_versions', 'off', true);
    END IF;
    RETURN NULL;
  END $function$;

CREATE OR REPLACE FUNCTION keep_posture_versions()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
  DECLARE
    -- In milliseconds, like the clock of the application.
    this_instant timestamptz := date_trunc('milliseconds', clock_timestamp());
    broken bigint;
  BEGIN
    IF current_setting('vedette.repairing_versions', true) = 'on' OR NOT EXISTS (SELECT FROM new_rows) THEN RETURN NULL; END IF;

    EXECUTE $sql$
      WITH moved AS MATERIALIZED (
        SELECT o.*, is_new, began, (n.version, n.valid_from) <> (right_version, right_from) AS is_broken
        FROM old_rows o
        JOIN new_rows n USING (organization_id, technique_id)
        CROSS JOIN LATERAL (
          SELECT n.version <> o.version
              OR (o.status_global, o.last_review_date, o.risk_score, o.owner_id, o.in_force, o.mitre_last_modified, o.tags)
                IS DISTINCT FROM (n.status_global, n.last_review_date, n.risk_score, n.owner_id, n.in_force, n.mitre_last_modified, n.tags) AS is_new,
            n.version = o.version AND n.valid_from = o.valid_from AS is_silent
        ) compared
        CROSS JOIN LATERAL (SELECT greatest(o.valid_from, CASE WHEN is_silent THEN $1 ELSE n.valid_from END) AS began) start
        CROSS JOIN LATERAL (
          SELECT o.version + is_new::integer AS right_version, CASE WHEN is_new THEN began ELSE o.valid_from END AS right_from
        ) expected
        WHERE is_new OR n.valid_from <> o.valid_from
      ), kept AS (
        INSERT INTO posture_history (organization_id, technique_id, status_global, last_review_date, risk_score, owner_id, in_force,
          mitre_last_modified, tags, change_source, change_id, changed_by, version, valid_from, valid_to)
        SELECT organization_id, technique_id, status_global, last_review_date, risk_score, owner_id, in_force,
          mitre_last_modified, tags, change_source, change_id,
          CASE WHEN change_source NOT IN ('catalogue', 'database') THEN updated_by END, version, valid_from, began
        FROM moved WHERE is_new
      )
      SELECT count(*) FROM moved WHERE is_broken$sql$
      INTO broken USING this_instant;

    IF broken > 0 THEN
      PERFORM set_config('vedette.repairing_versions', 'on', true);
      EXECUTE $sql$
        UPDATE posture t
        SET version = r.version, valid_from = r.valid_from,
          change_source = CASE WHEN r.is_silent THEN 'database' ELSE t.change_source END,
          change_id = CASE WHEN NOT r.is_silent THEN t.change_id END
        FROM (
          SELECT organization_id, technique_id, right_version AS version, right_from AS valid_from, is_new AND is_silent AS is_silent
          FROM old_rows o
          JOIN new_rows n USING (organization_id, technique_id)
          CROSS JOIN LATERAL (
            SELECT n.version <> o.version
                OR (o.status_global, o.last_review_date, o.risk_score, o.owner_id, o.in_force, o.mitre_last_modified, o.tags)
                  IS DISTINCT FROM (n.status_global, n.last_review_date, n.risk_score, n.owner_id, n.in_force, n.mitre_last_modified, n.tags) AS is_new,
              n.version = o.version AND n.valid_from = o.valid_from AS is_silent
          ) compared
          CROSS JOIN LATERAL (SELECT greatest(o.valid_from, CASE WHEN is_silent THEN $1 ELSE n.valid_from END) AS began) start
          CROSS JOIN LATERAL (
            SELECT o.version + is_new::integer AS right_version, CASE WHEN is_new THEN began ELSE o.valid_from END AS right_from
          ) expected
          WHERE (n.version, n.valid_from) <> (right_version, right_from)
        ) r
        WHERE t.organization_id = r.organization_id AND t.technique_id = r.technique_id$sql$
        USING this_instant;
      PERFORM set_config('vedette.repairing_versions', 'off', true);
    END IF;
    RETURN NULL;
  END $function$;

CREATE OR REPLACE FUNCTION keep_revalidation_item_versions()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
  DECLARE
    -- In milliseconds, like the clock of the application.
    this_instant timestamptz := date_trunc('milliseconds', clock_timestamp());
    broken bigint;
  BEGIN
    IF current_setting('vedette.repairing_versions', true) = 'on' OR NOT EXISTS (SELECT FROM new_rows) THEN RETURN NULL; END IF;

    EXECUTE $sql$
      WITH moved AS MATERIALIZED (
        SELECT o.*, is_new, began, (n.version, n.valid_from) <> (right_version, right_from) AS is_broken
        FROM old_rows o
        JOIN new_rows n USING (organization_id, id)
        CROSS JOIN LATERAL (
          SELECT n.version <> o.version OR (o.status, o.due_at) IS DISTINCT FROM (n.status, n.due_at) AS is_new,
            n.version = o.version AND n.valid_from = o.valid_from AS is_silent
        ) compared
        CROSS JOIN LATERAL (SELECT greatest(o.valid_from, CASE WHEN is_silent THEN $1 ELSE n.valid_from END) AS began) start
        CROSS JOIN LATERAL (
          SELECT o.version + is_new::integer AS right_version, CASE WHEN is_new THEN began ELSE o.valid_from END AS right_from
        ) expected
        WHERE is_new OR n.valid_from <> o.valid_from
      ), kept AS (
        INSERT INTO revalidation_item_history (organization_id, id, status, due_at, technique_id, created_at, changed_by, version, valid_from, valid_to)
        SELECT organization_id, id, status, due_at, technique_id, created_at, updated_by, version, valid_from, began
        FROM moved WHERE is_new
      )
      SELECT count(*) FROM moved WHERE is_broken$sql$
      INTO broken USING this_instant;

    IF broken > 0 THEN
      PERFORM set_config('vedette.repairing_versions', 'on', true);
      EXECUTE $sql$
        UPDATE revalidation_item t
        SET version = r.version, valid_from = r.valid_from, updated_by = CASE WHEN NOT r.is_silent THEN t.updated_by END
        FROM (
          SELECT organization_id, id, right_version AS version, right_from AS valid_from, is_new AND is_silent AS is_silent
          FROM old_rows o
          JOIN new_rows n USING (organization_id, id)
          CROSS JOIN LATERAL (
            SELECT n.version <> o.version OR (o.status, o.due_at) IS DISTINCT FROM (n.status, n.due_at) AS is_new,
              n.version = o.version AND n.valid_from = o.valid_from AS is_silent
          ) compared
          CROSS JOIN LATERAL (SELECT greatest(o.valid_from, CASE WHEN is_silent THEN $1 ELSE n.valid_from END) AS began) start
          CROSS JOIN LATERAL (
            SELECT o.version + is_new::integer AS right_version, CASE WHEN is_new THEN began ELSE o.valid_from END AS right_from
          ) expected
          WHERE (n.version, n.valid_from) <> (right_version, right_from)
        ) r
        WHERE t.organization_id = r.organization_id AND t.id = r.id$sql$
        USING this_instant;
      PERFORM set_config('vedette.repairing_versions', 'off', true);
    END IF;
    RETURN NULL;
  END $function$;

CREATE OR REPLACE FUNCTION vedette_transaction_number()
 RETURNS bigint
 LANGUAGE sql
 STABLE
AS $function$SELECT pg_current_xact_id()::text::bigint$function$;

CREATE OR REPLACE FUNCTION vedette_uuidv7()
 RETURNS uuid
 LANGUAGE sql
 PARALLEL SAFE
AS $function$
    SELECT encode(
      set_bit(set_bit(
        overlay(uuid_send(gen_random_uuid())
          PLACING substring(int8send((extract(epoch FROM clock_timestamp()) * 1000)::bigint) FROM 3) FROM 1 FOR 6),
        52, 1), 53, 1), 'hex')::uuid
  $function$;

CREATE TABLE catalogue_import (
  id                      uuid                     NOT NULL,
  domain                  text                     NOT NULL,
  attack_version          text                     NOT NULL,
  previous_attack_version text,
  source                  text                     NOT NULL,
  result                  jsonb                    NOT NULL,
  imported_by             uuid,
  created_at              timestamp with time zone NOT NULL DEFAULT now(),
  undone_at               timestamp with time zone,
  undone_by               uuid,
  CONSTRAINT catalogue_import_pkey PRIMARY KEY (id)
);
CREATE INDEX catalogue_import_domain_created_at_idx ON catalogue_import USING btree (domain, created_at);

CREATE TABLE catalogue_before_image (
  import_id  uuid   NOT NULL,
  techniques jsonb  NOT NULL,
  tactics    jsonb  NOT NULL,
  added_ids  uuid[] NOT NULL,
  CONSTRAINT catalogue_before_image_pkey PRIMARY KEY (import_id),
  CONSTRAINT catalogue_before_image_import_id_fkey
    FOREIGN KEY (import_id)
    REFERENCES catalogue_import(id) ON DELETE CASCADE
);

CREATE TABLE organization (
  id         uuid                     NOT NULL,
  slug       text                     NOT NULL,
  name       text                     NOT NULL,
  is_default boolean                  NOT NULL DEFAULT false,
  is_demo    boolean                  NOT NULL DEFAULT false,
  created_at timestamp with time zone NOT NULL DEFAULT now(),
  CONSTRAINT organization_pkey PRIMARY KEY (id),
  CONSTRAINT organization_slug_key UNIQUE (slug)
);
CREATE UNIQUE INDEX organization_is_default_idx ON organization USING btree (is_default) WHERE is_default;
CREATE TRIGGER forget_posture_history AFTER DELETE ON organization
  REFERENCING OLD TABLE AS old_rows
  FOR EACH STATEMENT EXECUTE FUNCTION forget_posture_history();

CREATE TABLE alert_count (
  id              uuid   NOT NULL,
  organization_id uuid   NOT NULL,
  status          text   NOT NULL,
  severity        text   NOT NULL,
  rule_type       text   NOT NULL,
  rule_id         uuid   NOT NULL,
  count           bigint NOT NULL,
  CONSTRAINT alert_count_pkey PRIMARY KEY (id),
  CONSTRAINT alert_count_organization_id_fkey FOREIGN KEY (organization_id) REFERENCES organization(id) ON DELETE CASCADE
) WITH (autovacuum_vacuum_scale_factor=0.05);
CREATE INDEX alert_count_organization_id_idx ON alert_count
  USING btree (organization_id, status, severity, rule_type, rule_id)
  INCLUDE (count);

CREATE TABLE alert_instance (
  id               uuid                     NOT NULL,
  organization_id  uuid                     NOT NULL,
  rule_id          uuid                     NOT NULL,
  rule_name        text                     NOT NULL,
  rule_type        text                     NOT NULL,
  severity         text                     NOT NULL,
  title            text                     NOT NULL,
  message          text                     NOT NULL,
  details          jsonb                    NOT NULL,
  status           text                     NOT NULL DEFAULT 'open'::text,
  fingerprint      text,
  occurrence_count integer                  NOT NULL DEFAULT 1,
  last_occurred_at timestamp with time zone NOT NULL,
  acknowledged_by  uuid,
  acknowledged_at  timestamp with time zone,
  resolved_by      uuid,
  resolved_at      timestamp with time zone,
  dismissed_by     uuid,
  dismissed_at     timestamp with time zone,
  created_at       timestamp with time zone NOT NULL,
  last_sequence    integer                  NOT NULL DEFAULT 1,
  CONSTRAINT alert_instance_pkey PRIMARY KEY (id),
  CONSTRAINT alert_instance_organization_id_id_key UNIQUE (organization_id, id),
  CONSTRAINT alert_instance_severity_check
    CHECK (severity = ANY (ARRAY['critical'::text, 'high'::text, 'medium'::text, 'low'::text, 'info'::text])),
  CONSTRAINT alert_instance_status_check
    CHECK (status = ANY (ARRAY['open'::text, 'acknowledged'::text, 'resolved'::text, 'dismissed'::text])),
  CONSTRAINT alert_instance_organization_id_fkey
    FOREIGN KEY (organization_id)
    REFERENCES organization(id) ON DELETE CASCADE
);
CREATE INDEX alert_instance_closed_idx ON alert_instance
  USING btree (COALESCE(resolved_at, dismissed_at))
  WHERE (status = ANY (ARRAY['resolved'::text, 'dismissed'::text]));
CREATE UNIQUE INDEX alert_instance_fingerprint_idx ON alert_instance
  USING btree (organization_id, rule_id, fingerprint)
  WHERE (status = ANY (ARRAY['open'::text, 'acknowledged'::text]));
CREATE INDEX alert_instance_kind_idx ON alert_instance
  USING btree (organization_id, rule_type, severity, status, created_at, id);
CREATE INDEX alert_instance_newest_idx ON alert_instance USING btree (organization_id, created_at, id);
CREATE INDEX alert_instance_rule_idx ON alert_instance
  USING btree (organization_id, rule_id, status, severity, created_at, id);
CREATE INDEX alert_instance_status_idx ON alert_instance USING btree (organization_id, status, created_at, id);
CREATE TRIGGER count_deleted_alerts AFTER DELETE ON alert_instance
  REFERENCING OLD TABLE AS old_rows
  FOR EACH STATEMENT EXECUTE FUNCTION count_alerts();
CREATE TRIGGER count_inserted_alerts AFTER INSERT ON alert_instance
  REFERENCING NEW TABLE AS new_rows
  FOR EACH STATEMENT EXECUTE FUNCTION count_alerts();
CREATE TRIGGER count_updated_alerts AFTER UPDATE ON alert_instance
  REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
  FOR EACH STATEMENT EXECUTE FUNCTION count_alerts();

CREATE TABLE api_key (
  id              uuid                     NOT NULL,
  organization_id uuid                     NOT NULL,
  name            text                     NOT NULL,
  prefix          text                     NOT NULL,
  key_hash        text                     NOT NULL,
  role            text                     NOT NULL,
  created_by      uuid,
  created_at      timestamp with time zone NOT NULL DEFAULT now(),
  last_used_at    timestamp with time zone,
  expires_at      timestamp with time zone,
  revoked_at      timestamp with time zone,
  CONSTRAINT api_key_pkey PRIMARY KEY (id),
  CONSTRAINT api_key_key_hash_key UNIQUE (key_hash),
  CONSTRAINT api_key_role_check
    CHECK (role = ANY (ARRAY['admin'::text, 'red_lead'::text, 'blue_lead'::text, 'analyst'::text, 'viewer'::text])),
  CONSTRAINT api_key_organization_id_fkey FOREIGN KEY (organization_id) REFERENCES organization(id) ON DELETE CASCADE
);
CREATE INDEX api_key_organization_id_idx ON api_key USING btree (organization_id);

CREATE TABLE evaluation_run (
  id               uuid                     NOT NULL,
  organization_id  uuid                     NOT NULL,
  trigger          text                     NOT NULL,
  requested_by     uuid,
  started_at       timestamp with time zone NOT NULL,
  duration_seconds double precision         NOT NULL,
  rules_evaluated  integer                  NOT NULL,
  alerts_fired     integer                  NOT NULL,
  outcomes         jsonb                    NOT NULL,
  CONSTRAINT evaluation_run_pkey PRIMARY KEY (id),
  CONSTRAINT evaluation_run_trigger_check
    CHECK (trigger = ANY (ARRAY['cron'::text, 'posture_change'::text, 'manual'::text])),
  CONSTRAINT evaluation_run_organization_id_fkey
    FOREIGN KEY (organization_id)
    REFERENCES organization(id) ON DELETE CASCADE
);
CREATE INDEX evaluation_run_newest_idx ON evaluation_run USING btree (organization_id, started_at, id);
CREATE INDEX evaluation_run_started_at_idx ON evaluation_run USING btree (started_at);

CREATE TABLE posture_carry_over (
  organization_id     uuid                     NOT NULL,
  technique_id        uuid                     NOT NULL,
  import_id           uuid                     NOT NULL,
  from_technique_id   uuid                     NOT NULL,
  carried_at          timestamp with time zone NOT NULL,
  status_global       text                     NOT NULL,
  last_review_date    timestamp with time zone,
  risk_score          double precision,
  owner_id            uuid,
  previous_risk_score double precision,
  previous_owner_id   uuid,
  put_back_at         timestamp with time zone,
  tags                text[],
  previous_tags       text[],
  CONSTRAINT posture_carry_over_pkey PRIMARY KEY (organization_id, technique_id, import_id),
  CONSTRAINT posture_carry_over_import_id_fkey FOREIGN KEY (import_id) REFERENCES catalogue_import(id) ON DELETE CASCADE,
  CONSTRAINT posture_carry_over_organization_id_fkey
    FOREIGN KEY (organization_id)
    REFERENCES organization(id) ON DELETE CASCADE
);
CREATE INDEX posture_carry_over_import_id_idx ON posture_carry_over USING btree (import_id);

CREATE TABLE posture_change (
  organization_id  uuid                     NOT NULL,
  kinds            text[]                   NOT NULL,
  first_changed_at timestamp with time zone NOT NULL,
  due_at           timestamp with time zone NOT NULL,
  CONSTRAINT posture_change_pkey PRIMARY KEY (organization_id),
  CONSTRAINT posture_change_organization_id_fkey
    FOREIGN KEY (organization_id)
    REFERENCES organization(id) ON DELETE CASCADE
) WITH (fillfactor=70);
CREATE INDEX posture_change_due_at_idx ON posture_change USING btree (due_at);

CREATE TABLE posture_history (
  organization_id     uuid                     NOT NULL,
  technique_id        uuid                     NOT NULL,
  version             integer                  NOT NULL,
  valid_from          timestamp with time zone NOT NULL,
  valid_to            timestamp with time zone NOT NULL,
  status_global       text                     NOT NULL,
  last_review_date    timestamp with time zone,
  risk_score          double precision,
  owner_id            uuid,
  in_force            boolean                  NOT NULL,
  mitre_last_modified timestamp with time zone NOT NULL,
  change_source       text                     NOT NULL,
  change_id           uuid,
  changed_by          uuid,
  tags                text[]                   NOT NULL DEFAULT '{}'::text[],
  CONSTRAINT posture_history_pkey PRIMARY KEY (organization_id, technique_id, valid_from, version),
  CONSTRAINT posture_history_valid_to_check CHECK (valid_to >= valid_from)
);
CREATE INDEX posture_history_valid_to_idx ON posture_history USING btree (valid_to);

CREATE TABLE posture_import (
  id              uuid                     NOT NULL,
  organization_id uuid                     NOT NULL,
  status          text                     NOT NULL,
  format          text                     NOT NULL,
  preset          text                     NOT NULL,
  options         jsonb                    NOT NULL,
  file_name       text,
  content_hash    text                     NOT NULL,
  fingerprint     text                     NOT NULL,
  byte_count      integer                  NOT NULL,
  bytes_read      integer                  NOT NULL DEFAULT 0,
  read            jsonb,
  overview        jsonb,
  lists           jsonb,
  failure         text,
  created_by      uuid,
  created_at      timestamp with time zone NOT NULL,
  updated_at      timestamp with time zone NOT NULL,
  expires_at      timestamp with time zone NOT NULL,
  applied_by      uuid,
  applied_at      timestamp with time zone,
  undone_by       uuid,
  undone_at       timestamp with time zone,
  settled_at      timestamp with time zone NOT NULL,
  CONSTRAINT posture_import_pkey PRIMARY KEY (id),
  CONSTRAINT posture_import_organization_id_id_key UNIQUE (organization_id, id),
  CONSTRAINT posture_import_status_check
    CHECK (status = ANY (ARRAY['parsing'::text, 'previewed'::text, 'applied'::text, 'undone'::text, 'failed'::text])),
  CONSTRAINT posture_import_organization_id_fkey
    FOREIGN KEY (organization_id)
    REFERENCES organization(id) ON DELETE CASCADE
);
CREATE INDEX posture_import_applied_idx ON posture_import
  USING btree (organization_id, applied_at)
  WHERE (status = 'applied'::text);
CREATE INDEX posture_import_newest_idx ON posture_import USING btree (organization_id, created_at, id);
CREATE UNIQUE INDEX posture_import_previewed_idx ON posture_import
  USING btree (organization_id, fingerprint)
  WHERE (status = 'previewed'::text);
CREATE INDEX posture_import_settled_at_idx ON posture_import USING btree (settled_at);

CREATE TABLE posture_import_change (
  organization_id    uuid                     NOT NULL,
  import_id          uuid                     NOT NULL,
  technique_id       uuid                     NOT NULL,
  before_status      text                     NOT NULL,
  before_review_date timestamp with time zone,
  before_risk_score  double precision,
  before_owner_id    uuid,
  after_status       text                     NOT NULL,
  after_review_date  timestamp with time zone,
  after_risk_score   double precision,
  after_owner_id     uuid,
  because            text                     NOT NULL,
  remapped_from      text[]                   NOT NULL,
  undo_outcome       text,
  before_tags        text[]                   NOT NULL DEFAULT '{}'::text[],
  after_tags         text[]                   NOT NULL DEFAULT '{}'::text[],
  CONSTRAINT posture_import_change_pkey PRIMARY KEY (organization_id, import_id, technique_id),
  CONSTRAINT posture_import_change_undo_outcome_check
    CHECK (undo_outcome = ANY (ARRAY['restored'::text, 'skipped'::text])),
  CONSTRAINT posture_import_change_organization_id_import_id_fkey
    FOREIGN KEY (organization_id, import_id)
    REFERENCES posture_import(organization_id, id) ON DELETE CASCADE
);

CREATE TABLE posture_snapshot (
  organization_id  uuid                     NOT NULL,
  snapshot_date    date                     NOT NULL,
  coverage_pct     double precision         NOT NULL,
  total            integer                  NOT NULL,
  validated        integer                  NOT NULL,
  partial          integer                  NOT NULL,
  in_progress      integer                  NOT NULL,
  not_covered      integer                  NOT NULL,
  not_evaluated    integer                  NOT NULL,
  source           text                     NOT NULL,
  created_at       timestamp with time zone NOT NULL DEFAULT now(),
  updated_at       timestamp with time zone NOT NULL DEFAULT now(),
  version          integer                  NOT NULL DEFAULT 1,
  valid_from       timestamp with time zone NOT NULL DEFAULT now(),
  rollup           text                     NOT NULL DEFAULT 'flat'::text,
  formula_version  integer                  NOT NULL DEFAULT 1,
  scope            jsonb,
  attack_versions  jsonb,
  tactics          jsonb,
  taken_at         timestamp with time zone,
  baseline_pct     double precision,
  baseline_date    date,
  baseline_tactics jsonb,
  CONSTRAINT posture_snapshot_pkey PRIMARY KEY (organization_id, snapshot_date),
  CONSTRAINT posture_snapshot_coverage_pct_check
    CHECK (coverage_pct >= 0::double precision AND coverage_pct <= 100::double precision),
  CONSTRAINT posture_snapshot_rollup_check
    CHECK (rollup = ANY (ARRAY['flat'::text, 'leaf'::text, 'parent_mean'::text, 'parent_any'::text])),
  CONSTRAINT posture_snapshot_source_check
    CHECK (source = ANY (ARRAY['scheduled'::text, 'manual'::text, 'historical'::text])),
  CONSTRAINT posture_snapshot_organization_id_fkey
    FOREIGN KEY (organization_id)
    REFERENCES organization(id) ON DELETE CASCADE
);
CREATE TRIGGER keep_posture_snapshot_versions AFTER UPDATE ON posture_snapshot
  REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
  FOR EACH STATEMENT EXECUTE FUNCTION keep_posture_snapshot_versions();

CREATE TABLE posture_snapshot_history (
  organization_id  uuid                     NOT NULL,
  snapshot_date    date                     NOT NULL,
  version          integer                  NOT NULL,
  valid_from       timestamp with time zone NOT NULL,
  valid_to         timestamp with time zone NOT NULL,
  coverage_pct     double precision         NOT NULL,
  total            integer                  NOT NULL,
  validated        integer                  NOT NULL,
  partial          integer                  NOT NULL,
  in_progress      integer                  NOT NULL,
  not_covered      integer                  NOT NULL,
  not_evaluated    integer                  NOT NULL,
  source           text                     NOT NULL,
  rollup           text                     NOT NULL DEFAULT 'flat'::text,
  formula_version  integer                  NOT NULL DEFAULT 1,
  scope            jsonb,
  attack_versions  jsonb,
  tactics          jsonb,
  taken_at         timestamp with time zone,
  baseline_pct     double precision,
  baseline_date    date,
  baseline_tactics jsonb,
  CONSTRAINT posture_snapshot_history_pkey PRIMARY KEY (organization_id, snapshot_date, valid_from, version),
  CONSTRAINT posture_snapshot_history_valid_to_check CHECK (valid_to >= valid_from),
  CONSTRAINT posture_snapshot_history_organization_id_fkey
    FOREIGN KEY (organization_id)
    REFERENCES organization(id) ON DELETE CASCADE
);
CREATE INDEX posture_snapshot_history_valid_to_idx ON posture_snapshot_history USING btree (valid_to);

CREATE TABLE revalidation_item_history (
  organization_id uuid                     NOT NULL,
  id              uuid                     NOT NULL,
  technique_id    uuid                     NOT NULL,
  version         integer                  NOT NULL,
  valid_from      timestamp with time zone NOT NULL,
  valid_to        timestamp with time zone NOT NULL,
  status          text                     NOT NULL,
  due_at          timestamp with time zone,
  created_at      timestamp with time zone NOT NULL,
  changed_by      uuid,
  CONSTRAINT revalidation_item_history_pkey PRIMARY KEY (organization_id, id, valid_from, version),
  CONSTRAINT revalidation_item_history_valid_to_check CHECK (valid_to >= valid_from),
  CONSTRAINT revalidation_item_history_organization_id_fkey
    FOREIGN KEY (organization_id)
    REFERENCES organization(id) ON DELETE CASCADE
);
CREATE INDEX revalidation_item_history_valid_to_idx ON revalidation_item_history USING btree (valid_to);

CREATE TABLE revalidation_policy (
  organization_id uuid                     NOT NULL,
  is_enabled      boolean                  NOT NULL,
  tiers           jsonb                    NOT NULL,
  due_in_days     integer                  NOT NULL,
  updated_at      timestamp with time zone NOT NULL,
  updated_by      uuid                     NOT NULL,
  CONSTRAINT revalidation_policy_pkey PRIMARY KEY (organization_id),
  CONSTRAINT revalidation_policy_due_in_days_check CHECK (due_in_days >= 1 AND due_in_days <= 365),
  CONSTRAINT revalidation_policy_organization_id_fkey
    FOREIGN KEY (organization_id)
    REFERENCES organization(id) ON DELETE CASCADE
);

CREATE TABLE rule_schedule (
  organization_id    uuid                     NOT NULL,
  interval_minutes   integer                  NOT NULL,
  next_evaluation_at timestamp with time zone NOT NULL,
  last_evaluated_at  timestamp with time zone,
  CONSTRAINT rule_schedule_pkey PRIMARY KEY (organization_id, interval_minutes),
  CONSTRAINT rule_schedule_interval_minutes_check CHECK (interval_minutes >= 0 AND interval_minutes <= 10080),
  CONSTRAINT rule_schedule_organization_id_fkey
    FOREIGN KEY (organization_id)
    REFERENCES organization(id) ON DELETE CASCADE
) WITH (fillfactor=70);
CREATE INDEX rule_schedule_due_idx ON rule_schedule USING btree (next_evaluation_at, organization_id, interval_minutes);

CREATE TABLE scheduled_slot (
  name       text                     NOT NULL,
  slot       timestamp with time zone NOT NULL,
  claimed_at timestamp with time zone NOT NULL,
  CONSTRAINT scheduled_slot_pkey PRIMARY KEY (name)
);

CREATE TABLE snapshot_policy (
  organization_id uuid                     NOT NULL,
  rollup          text                     NOT NULL DEFAULT 'flat'::text,
  scope           jsonb,
  updated_at      timestamp with time zone NOT NULL DEFAULT now(),
  updated_by      uuid,
  CONSTRAINT snapshot_policy_pkey PRIMARY KEY (organization_id),
  CONSTRAINT snapshot_policy_rollup_check
    CHECK (rollup = ANY (ARRAY['flat'::text, 'leaf'::text, 'parent_mean'::text, 'parent_any'::text])),
  CONSTRAINT snapshot_policy_organization_id_fkey
    FOREIGN KEY (organization_id)
    REFERENCES organization(id) ON DELETE CASCADE
);

CREATE TABLE tactic (
  id        uuid NOT NULL,
  attack_id text NOT NULL,
  domain    text NOT NULL,
  shortname text NOT NULL,
  name      text NOT NULL,
  CONSTRAINT tactic_pkey PRIMARY KEY (id),
  CONSTRAINT tactic_domain_shortname_key UNIQUE (domain, shortname)
);

CREATE TABLE technique (
  id                  uuid                     NOT NULL,
  attack_id           text                     NOT NULL,
  name                text                     NOT NULL,
  domain              text                     NOT NULL,
  is_subtechnique     boolean                  NOT NULL,
  parent_id           uuid,
  tactics             text[]                   NOT NULL,
  platforms           text[]                   NOT NULL,
  technique_version   text,
  attack_version      text                     NOT NULL,
  mitre_created       timestamp with time zone NOT NULL,
  mitre_last_modified timestamp with time zone NOT NULL,
  mitre_modified_raw  timestamp with time zone NOT NULL,
  content_hash        text                     NOT NULL,
  is_revoked          boolean                  NOT NULL,
  is_deprecated       boolean                  NOT NULL,
  in_force            boolean                  NOT NULL,
  revoked_by_id       uuid,
  replaced_by_id      uuid,
  created_at          timestamp with time zone NOT NULL DEFAULT now(),
  updated_at          timestamp with time zone NOT NULL DEFAULT now(),
  last_change_kind    text,
  last_change_release text,
  CONSTRAINT technique_pkey PRIMARY KEY (id),
  CONSTRAINT technique_in_force_check CHECK (in_force = (NOT (is_revoked OR is_deprecated))),
  CONSTRAINT technique_last_change_kind_check
    CHECK (last_change_kind = ANY (ARRAY['added'::text, 'major'::text, 'minor'::text, 'metadata'::text, 'revoked'::text, 'deprecated'::text]))
);
CREATE INDEX technique_attack_id_idx ON technique USING btree (attack_id);
CREATE INDEX technique_domain_idx ON technique USING btree (domain);

CREATE TABLE user_account (
  id            uuid                     NOT NULL,
  email         text                     NOT NULL,
  display_name  text                     NOT NULL,
  password_hash text                     NOT NULL,
  created_at    timestamp with time zone NOT NULL DEFAULT now(),
  updated_at    timestamp with time zone NOT NULL DEFAULT now(),
  CONSTRAINT user_account_pkey PRIMARY KEY (id),
  CONSTRAINT user_account_email_key UNIQUE (email),
  CONSTRAINT user_account_email_check CHECK (email = lower(email))
);

CREATE TABLE membership (
  organization_id uuid                     NOT NULL,
  user_id         uuid                     NOT NULL,
  role            text                     NOT NULL,
  is_active       boolean                  NOT NULL DEFAULT true,
  created_at      timestamp with time zone NOT NULL DEFAULT now(),
  updated_at      timestamp with time zone NOT NULL DEFAULT now(),
  CONSTRAINT membership_pkey PRIMARY KEY (organization_id, user_id),
  CONSTRAINT membership_role_check
    CHECK (role = ANY (ARRAY['admin'::text, 'red_lead'::text, 'blue_lead'::text, 'analyst'::text, 'viewer'::text])),
  CONSTRAINT membership_organization_id_fkey FOREIGN KEY (organization_id) REFERENCES organization(id) ON DELETE CASCADE,
  CONSTRAINT membership_user_id_fkey FOREIGN KEY (user_id) REFERENCES user_account(id) ON DELETE CASCADE
);
CREATE INDEX membership_user_id_idx ON membership USING btree (user_id);

CREATE TABLE email_delivery (
  id               uuid                     NOT NULL,
  organization_id  uuid                     NOT NULL,
  user_id          uuid                     NOT NULL,
  kind             text                     NOT NULL,
  digest_slot      timestamp with time zone,
  status           text                     NOT NULL DEFAULT 'pending'::text,
  attempt_count    integer                  NOT NULL DEFAULT 0,
  next_attempt_at  timestamp with time zone NOT NULL,
  held_for         text,
  lock_token       uuid,
  locked_until     timestamp with time zone,
  last_status_code integer,
  last_error       text,
  created_at       timestamp with time zone NOT NULL,
  completed_at     timestamp with time zone,
  CONSTRAINT email_delivery_pkey PRIMARY KEY (id),
  CONSTRAINT email_delivery_organization_id_id_key UNIQUE (organization_id, id),
  CONSTRAINT email_delivery_kind_check CHECK (kind = ANY (ARRAY['immediate'::text, 'digest'::text])),
  CONSTRAINT email_delivery_status_check
    CHECK (status = ANY (ARRAY['pending'::text, 'sent'::text, 'failed'::text, 'cancelled'::text])),
  CONSTRAINT email_delivery_organization_id_user_id_fkey
    FOREIGN KEY (organization_id, user_id)
    REFERENCES membership(organization_id, user_id) ON DELETE CASCADE
);
CREATE INDEX email_delivery_completed_idx ON email_delivery
  USING btree (completed_at)
  WHERE (status <> 'pending'::text);
CREATE UNIQUE INDEX email_delivery_digest_idx ON email_delivery
  USING btree (organization_id, user_id, digest_slot)
  WHERE (kind = 'digest'::text);
CREATE INDEX email_delivery_due_idx ON email_delivery USING btree (next_attempt_at) WHERE (status = 'pending'::text);
CREATE INDEX email_delivery_user_idx ON email_delivery USING btree (organization_id, user_id);

CREATE TABLE email_notice (
  id              uuid                     NOT NULL,
  organization_id uuid                     NOT NULL,
  user_id         uuid                     NOT NULL,
  delivery_id     uuid,
  alert_id        uuid,
  event           text                     NOT NULL,
  severity        text                     NOT NULL,
  title           text                     NOT NULL,
  message         text                     NOT NULL,
  created_at      timestamp with time zone NOT NULL,
  CONSTRAINT email_notice_pkey PRIMARY KEY (id),
  CONSTRAINT email_notice_organization_id_alert_id_fkey
    FOREIGN KEY (organization_id, alert_id)
    REFERENCES alert_instance(organization_id, id) ON DELETE CASCADE,
  CONSTRAINT email_notice_organization_id_delivery_id_fkey
    FOREIGN KEY (organization_id, delivery_id)
    REFERENCES email_delivery(organization_id, id) ON DELETE CASCADE,
  CONSTRAINT email_notice_organization_id_user_id_fkey
    FOREIGN KEY (organization_id, user_id)
    REFERENCES membership(organization_id, user_id) ON DELETE CASCADE
);
CREATE INDEX email_notice_delivery_idx ON email_notice USING btree (organization_id, delivery_id);
CREATE UNIQUE INDEX email_notice_once_idx ON email_notice
  USING btree (organization_id, alert_id, event, user_id)
  WHERE (alert_id IS NOT NULL);
CREATE INDEX email_notice_user_idx ON email_notice USING btree (organization_id, user_id);
CREATE INDEX email_notice_waiting_idx ON email_notice
  USING btree (organization_id, user_id)
  WHERE (delivery_id IS NULL);

CREATE TABLE notification (
  id              uuid                     NOT NULL,
  organization_id uuid                     NOT NULL,
  user_id         uuid                     NOT NULL,
  alert_id        uuid,
  event           text                     NOT NULL,
  severity        text                     NOT NULL,
  title           text                     NOT NULL,
  message         text                     NOT NULL,
  created_at      timestamp with time zone NOT NULL,
  read_at         timestamp with time zone,
  stream_position bigint                   NOT NULL DEFAULT vedette_transaction_number(),
  CONSTRAINT notification_pkey PRIMARY KEY (id),
  CONSTRAINT notification_organization_id_alert_id_fkey
    FOREIGN KEY (organization_id, alert_id)
    REFERENCES alert_instance(organization_id, id) ON DELETE CASCADE,
  CONSTRAINT notification_organization_id_user_id_fkey
    FOREIGN KEY (organization_id, user_id)
    REFERENCES membership(organization_id, user_id) ON DELETE CASCADE
);
CREATE INDEX notification_inbox_idx ON notification USING btree (organization_id, user_id, created_at, id);
CREATE UNIQUE INDEX notification_once_idx ON notification
  USING btree (organization_id, alert_id, event, user_id)
  WHERE (alert_id IS NOT NULL);
CREATE INDEX notification_read_idx ON notification USING btree (read_at) WHERE (read_at IS NOT NULL);
CREATE INDEX notification_stream_idx ON notification USING btree (stream_position, id);
CREATE INDEX notification_unread_idx ON notification USING btree (organization_id, user_id) WHERE (read_at IS NULL);

CREATE TABLE notification_preference (
  organization_id uuid                     NOT NULL,
  user_id         uuid                     NOT NULL,
  min_severity    text                     NOT NULL,
  rule_types      text[],
  in_app          boolean                  NOT NULL,
  email           text                     NOT NULL,
  digest_hour     integer                  NOT NULL,
  time_zone       text                     NOT NULL,
  quiet_from      text,
  quiet_until     text,
  digest_due_at   timestamp with time zone NOT NULL,
  updated_at      timestamp with time zone NOT NULL,
  CONSTRAINT notification_preference_pkey PRIMARY KEY (organization_id, user_id),
  CONSTRAINT notification_preference_digest_hour_check CHECK (digest_hour >= 0 AND digest_hour <= 23),
  CONSTRAINT notification_preference_email_check
    CHECK (email = ANY (ARRAY['off'::text, 'immediate'::text, 'daily_digest'::text])),
  CONSTRAINT notification_preference_min_severity_check
    CHECK (min_severity = ANY (ARRAY['critical'::text, 'high'::text, 'medium'::text, 'low'::text, 'info'::text])),
  CONSTRAINT notification_preference_organization_id_user_id_fkey
    FOREIGN KEY (organization_id, user_id)
    REFERENCES membership(organization_id, user_id) ON DELETE CASCADE
);
CREATE INDEX notification_preference_digest_due_at_idx ON notification_preference USING btree (digest_due_at);

CREATE TABLE notification_skip (
  organization_id uuid                     NOT NULL,
  alert_id        uuid                     NOT NULL,
  event           text                     NOT NULL,
  user_id         uuid                     NOT NULL,
  channel         text                     NOT NULL,
  reason          text                     NOT NULL,
  created_at      timestamp with time zone NOT NULL,
  CONSTRAINT notification_skip_pkey PRIMARY KEY (organization_id, alert_id, event, user_id, channel),
  CONSTRAINT notification_skip_organization_id_alert_id_fkey
    FOREIGN KEY (organization_id, alert_id)
    REFERENCES alert_instance(organization_id, id) ON DELETE CASCADE,
  CONSTRAINT notification_skip_organization_id_user_id_fkey
    FOREIGN KEY (organization_id, user_id)
    REFERENCES membership(organization_id, user_id) ON DELETE CASCADE
);
CREATE INDEX notification_skip_user_idx ON notification_skip USING btree (organization_id, user_id);

CREATE TABLE posture (
  organization_id     uuid                     NOT NULL,
  technique_id        uuid                     NOT NULL,
  status_global       text                     NOT NULL DEFAULT 'not_evaluated'::text,
  last_review_date    timestamp with time zone,
  risk_score          double precision,
  owner_id            uuid,
  in_force            boolean                  NOT NULL,
  mitre_last_modified timestamp with time zone NOT NULL,
  updated_at          timestamp with time zone NOT NULL DEFAULT now(),
  updated_by          uuid,
  version             integer                  NOT NULL DEFAULT 1,
  valid_from          timestamp with time zone NOT NULL DEFAULT now(),
  change_source       text                     NOT NULL DEFAULT 'initial'::text,
  change_id           uuid,
  tags                text[]                   NOT NULL DEFAULT '{}'::text[],
  CONSTRAINT posture_pkey PRIMARY KEY (organization_id, technique_id),
  CONSTRAINT posture_change_source_check
    CHECK (change_source = ANY (ARRAY['initial'::text, 'api'::text, 'import'::text, 'undo'::text, 'catalogue'::text, 'queue'::text, 'demo'::text, 'database'::text])),
  CONSTRAINT posture_risk_score_check CHECK (risk_score >= 0::double precision AND risk_score <= 100::double precision),
  CONSTRAINT posture_status_global_check
    CHECK (status_global = ANY (ARRAY['not_evaluated'::text, 'not_covered'::text, 'in_progress'::text, 'partial'::text, 'validated'::text, 'not_applicable'::text])),
  CONSTRAINT posture_organization_id_fkey FOREIGN KEY (organization_id) REFERENCES organization(id) ON DELETE CASCADE,
  CONSTRAINT posture_organization_id_owner_id_fkey
    FOREIGN KEY (organization_id, owner_id)
    REFERENCES membership(organization_id, user_id) ON DELETE SET NULL (owner_id),
  CONSTRAINT posture_technique_id_fkey FOREIGN KEY (technique_id) REFERENCES technique(id)
) WITH (fillfactor=80);
CREATE INDEX posture_coverage_idx ON posture
  USING btree (organization_id, status_global)
  WHERE (in_force AND (status_global <> 'not_applicable'::text));
CREATE INDEX posture_modified_idx ON posture
  USING btree (organization_id, mitre_last_modified)
  INCLUDE (technique_id)
  WHERE (in_force AND (status_global <> 'not_applicable'::text));
CREATE INDEX posture_owner_id_idx ON posture USING btree (organization_id, owner_id) WHERE (owner_id IS NOT NULL);
CREATE INDEX posture_review_idx ON posture
  USING btree (organization_id, last_review_date)
  INCLUDE (technique_id)
  WHERE (in_force AND (status_global = 'validated'::text) AND (last_review_date IS NOT NULL));
CREATE INDEX posture_risk_idx ON posture
  USING btree (organization_id, risk_score)
  INCLUDE (technique_id)
  WHERE (in_force AND (status_global <> 'not_applicable'::text) AND (risk_score IS NOT NULL));
CREATE INDEX posture_technique_id_idx ON posture USING btree (technique_id);
CREATE INDEX posture_unowned_idx ON posture
  USING btree (organization_id)
  INCLUDE (technique_id)
  WHERE (in_force AND (status_global <> 'not_applicable'::text) AND (owner_id IS NULL));
CREATE TRIGGER keep_posture_versions AFTER UPDATE ON posture
  REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
  FOR EACH STATEMENT EXECUTE FUNCTION keep_posture_versions();

CREATE TABLE refresh_session (
  id              uuid                     NOT NULL,
  organization_id uuid                     NOT NULL,
  user_id         uuid                     NOT NULL,
  family_id       uuid                     NOT NULL,
  token_hash      text                     NOT NULL,
  created_at      timestamp with time zone NOT NULL,
  expires_at      timestamp with time zone NOT NULL,
  used_at         timestamp with time zone,
  revoked_at      timestamp with time zone,
  CONSTRAINT refresh_session_pkey PRIMARY KEY (id),
  CONSTRAINT refresh_session_token_hash_key UNIQUE (token_hash),
  CONSTRAINT refresh_session_organization_id_user_id_fkey
    FOREIGN KEY (organization_id, user_id)
    REFERENCES membership(organization_id, user_id) ON DELETE CASCADE
);
CREATE INDEX refresh_session_expires_at_idx ON refresh_session USING btree (expires_at);
CREATE INDEX refresh_session_family_id_idx ON refresh_session USING btree (family_id);
CREATE INDEX refresh_session_organization_id_user_id_idx ON refresh_session USING btree (organization_id, user_id);

CREATE TABLE revalidation_item (
  id                uuid                     NOT NULL,
  organization_id   uuid                     NOT NULL,
  technique_id      uuid                     NOT NULL,
  status            text                     NOT NULL DEFAULT 'pending'::text,
  reason            text,
  assignee_id       uuid,
  due_at            timestamp with time zone,
  created_by        uuid,
  created_at        timestamp with time zone NOT NULL DEFAULT now(),
  updated_at        timestamp with time zone NOT NULL DEFAULT now(),
  completed_at      timestamp with time zone,
  version           integer                  NOT NULL DEFAULT 1,
  valid_from        timestamp with time zone NOT NULL DEFAULT now(),
  updated_by        uuid,
  source            text                     NOT NULL DEFAULT 'manual'::text,
  stale_review_date timestamp with time zone,
  outcome           text,
  reviewed_at       timestamp with time zone,
  CONSTRAINT revalidation_item_pkey PRIMARY KEY (id),
  CONSTRAINT revalidation_item_outcome_check
    CHECK (outcome = ANY (ARRAY['passed'::text, 'partial'::text, 'failed'::text])),
  CONSTRAINT revalidation_item_reviewed_at_check CHECK ((outcome IS NULL) = (reviewed_at IS NULL)),
  CONSTRAINT revalidation_item_source_check CHECK (source = ANY (ARRAY['manual'::text, 'policy'::text])),
  CONSTRAINT revalidation_item_status_check
    CHECK (status = ANY (ARRAY['pending'::text, 'in_progress'::text, 'done'::text, 'cancelled'::text])),
  CONSTRAINT revalidation_item_organization_id_assignee_id_fkey
    FOREIGN KEY (organization_id, assignee_id)
    REFERENCES membership(organization_id, user_id) ON DELETE SET NULL (assignee_id),
  CONSTRAINT revalidation_item_organization_id_technique_id_fkey
    FOREIGN KEY (organization_id, technique_id)
    REFERENCES posture(organization_id, technique_id) ON DELETE CASCADE
);
CREATE INDEX revalidation_item_organization_id_created_at_idx ON revalidation_item
  USING btree (organization_id, created_at, id);
CREATE INDEX revalidation_item_organization_id_technique_id_idx ON revalidation_item
  USING btree (organization_id, technique_id);
CREATE UNIQUE INDEX revalidation_item_unfinished_idx ON revalidation_item
  USING btree (organization_id, technique_id)
  WHERE (status = ANY (ARRAY['pending'::text, 'in_progress'::text]));
CREATE TRIGGER keep_revalidation_item_versions AFTER UPDATE ON revalidation_item
  REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
  FOR EACH STATEMENT EXECUTE FUNCTION keep_revalidation_item_versions();

CREATE TABLE webhook_attempt (
  id              uuid                     NOT NULL,
  organization_id uuid                     NOT NULL,
  delivery_id     uuid                     NOT NULL,
  attempt         integer                  NOT NULL,
  started_at      timestamp with time zone NOT NULL,
  duration_ms     double precision         NOT NULL,
  status_code     integer,
  error           text,
  response_body   text,
  request_url     text,
  request_headers jsonb,
  request_body    text,
  CONSTRAINT webhook_attempt_pkey PRIMARY KEY (organization_id, delivery_id, attempt, id)
);

CREATE TABLE webhook_endpoint (
  id                         uuid                     NOT NULL,
  organization_id            uuid                     NOT NULL,
  name                       text                     NOT NULL,
  url                        text                     NOT NULL,
  events                     text[]                   NOT NULL,
  format                     text                     NOT NULL,
  is_enabled                 boolean                  NOT NULL DEFAULT true,
  secret_ciphertext          text                     NOT NULL,
  created_by                 uuid,
  created_at                 timestamp with time zone NOT NULL DEFAULT now(),
  updated_at                 timestamp with time zone NOT NULL DEFAULT now(),
  min_severity               text,
  rule_types                 text[]                   NOT NULL DEFAULT '{}'::text[],
  is_ordered                 boolean                  NOT NULL DEFAULT false,
  header_names               text[]                   NOT NULL DEFAULT '{}'::text[],
  headers_ciphertext         text,
  setting_names              text[]                   NOT NULL DEFAULT '{}'::text[],
  settings_ciphertext        text,
  previous_secret_ciphertext text,
  previous_secret_until      timestamp with time zone,
  disabled_reason            text,
  CONSTRAINT webhook_endpoint_pkey PRIMARY KEY (id),
  CONSTRAINT webhook_endpoint_organization_id_id_key UNIQUE (organization_id, id),
  CONSTRAINT webhook_endpoint_disabled_reason_check CHECK (disabled_reason = ANY (ARRAY['gone'::text, 'failing'::text])),
  CONSTRAINT webhook_endpoint_min_severity_check
    CHECK (min_severity = ANY (ARRAY['critical'::text, 'high'::text, 'medium'::text, 'low'::text, 'info'::text])),
  CONSTRAINT webhook_endpoint_organization_id_fkey
    FOREIGN KEY (organization_id)
    REFERENCES organization(id) ON DELETE CASCADE
);

CREATE TABLE alert_rule (
  id                          uuid                     NOT NULL,
  organization_id             uuid                     NOT NULL,
  system_key                  text,
  name                        text                     NOT NULL,
  description                 text                     NOT NULL DEFAULT ''::text,
  rule_type                   text                     NOT NULL,
  severity                    text                     NOT NULL,
  config                      jsonb                    NOT NULL,
  cooldown_hours              double precision         NOT NULL,
  is_enabled                  boolean                  NOT NULL DEFAULT true,
  notify_in_app               boolean                  NOT NULL DEFAULT true,
  notify_webhook              boolean                  NOT NULL DEFAULT false,
  webhook_id                  uuid,
  on_repeat                   text                     NOT NULL DEFAULT 'new_instance'::text,
  created_by                  uuid,
  created_at                  timestamp with time zone NOT NULL DEFAULT now(),
  updated_at                  timestamp with time zone NOT NULL DEFAULT now(),
  version                     integer                  NOT NULL DEFAULT 1,
  evaluation_interval_minutes integer,
  scope                       jsonb,
  CONSTRAINT alert_rule_pkey PRIMARY KEY (id),
  CONSTRAINT alert_rule_organization_id_id_key UNIQUE (organization_id, id),
  CONSTRAINT alert_rule_organization_id_system_key_key UNIQUE (organization_id, system_key),
  CONSTRAINT alert_rule_evaluation_interval_minutes_check
    CHECK (evaluation_interval_minutes >= 1 AND evaluation_interval_minutes <= 10080),
  CONSTRAINT alert_rule_on_repeat_check CHECK (on_repeat = ANY (ARRAY['new_instance'::text, 'update_open'::text])),
  CONSTRAINT alert_rule_severity_check
    CHECK (severity = ANY (ARRAY['critical'::text, 'high'::text, 'medium'::text, 'low'::text, 'info'::text])),
  CONSTRAINT alert_rule_organization_id_fkey FOREIGN KEY (organization_id) REFERENCES organization(id) ON DELETE CASCADE,
  CONSTRAINT alert_rule_organization_id_webhook_id_fkey
    FOREIGN KEY (organization_id, webhook_id)
    REFERENCES webhook_endpoint(organization_id, id) ON DELETE SET NULL (webhook_id)
);
CREATE INDEX alert_rule_organization_id_created_at_id_idx ON alert_rule USING btree (organization_id, created_at, id);
CREATE INDEX alert_rule_webhook_id_idx ON alert_rule
  USING btree (organization_id, webhook_id)
  WHERE (webhook_id IS NOT NULL);

CREATE TABLE rule_state (
  organization_id    uuid                     NOT NULL,
  rule_id            uuid                     NOT NULL,
  last_evaluated_at  timestamp with time zone,
  last_fired_at      timestamp with time zone,
  last_error         text,
  consecutive_errors integer                  NOT NULL DEFAULT 0,
  scheduled_since    timestamp with time zone,
  last_measured      double precision,
  last_threshold     double precision,
  last_measured_at   timestamp with time zone,
  last_occasion      text,
  CONSTRAINT rule_state_pkey PRIMARY KEY (organization_id, rule_id),
  CONSTRAINT rule_state_organization_id_rule_id_fkey
    FOREIGN KEY (organization_id, rule_id)
    REFERENCES alert_rule(organization_id, id) ON DELETE CASCADE
) WITH (fillfactor=70);

CREATE TABLE rule_measurement (
  organization_id uuid                     NOT NULL,
  rule_id         uuid                     NOT NULL,
  measured_at     timestamp with time zone NOT NULL,
  measured        double precision,
  threshold       double precision         NOT NULL,
  breached        boolean                  NOT NULL,
  CONSTRAINT rule_measurement_pkey PRIMARY KEY (organization_id, rule_id, measured_at),
  CONSTRAINT rule_measurement_organization_id_rule_id_fkey
    FOREIGN KEY (organization_id, rule_id)
    REFERENCES rule_state(organization_id, rule_id) ON DELETE CASCADE
);
CREATE INDEX rule_measurement_measured_at_idx ON rule_measurement USING btree (measured_at);

CREATE TABLE webhook_endpoint_health (
  organization_id      uuid                     NOT NULL,
  endpoint_id          uuid                     NOT NULL,
  samples              jsonb                    NOT NULL DEFAULT '[]'::jsonb,
  breaker              text                     NOT NULL DEFAULT 'closed'::text,
  openings             integer                  NOT NULL DEFAULT 0,
  open_until           timestamp with time zone,
  probe_until          timestamp with time zone,
  paused_until         timestamp with time zone,
  consecutive_failures integer                  NOT NULL DEFAULT 0,
  failing_since        timestamp with time zone,
  last_success_at      timestamp with time zone,
  last_failure_at      timestamp with time zone,
  last_error           text,
  recover_since        timestamp with time zone,
  CONSTRAINT webhook_endpoint_health_pkey PRIMARY KEY (organization_id, endpoint_id),
  CONSTRAINT webhook_endpoint_health_breaker_check CHECK (breaker = ANY (ARRAY['closed'::text, 'open'::text])),
  CONSTRAINT webhook_endpoint_health_organization_id_endpoint_id_fkey
    FOREIGN KEY (organization_id, endpoint_id)
    REFERENCES webhook_endpoint(organization_id, id) ON DELETE CASCADE
) WITH (autovacuum_vacuum_cost_delay=0, autovacuum_vacuum_scale_factor=0.05, fillfactor=70);

CREATE TABLE webhook_event (
  organization_id uuid                     NOT NULL,
  id              uuid                     NOT NULL,
  body            text                     NOT NULL,
  created_at      timestamp with time zone NOT NULL,
  CONSTRAINT webhook_event_pkey PRIMARY KEY (organization_id, id),
  CONSTRAINT webhook_event_organization_id_fkey
    FOREIGN KEY (organization_id)
    REFERENCES organization(id) ON DELETE CASCADE
);
CREATE INDEX webhook_event_created_at_idx ON webhook_event USING btree (created_at);

CREATE TABLE webhook_delivery (
  id               uuid                     NOT NULL,
  organization_id  uuid                     NOT NULL,
  endpoint_id      uuid                     NOT NULL,
  event_id         uuid                     NOT NULL,
  event_type       text                     NOT NULL,
  alert_id         uuid,
  status           text                     NOT NULL DEFAULT 'pending'::text,
  attempt_count    integer                  NOT NULL DEFAULT 0,
  next_attempt_at  timestamp with time zone NOT NULL,
  lock_token       uuid,
  locked_until     timestamp with time zone,
  last_status_code integer,
  last_error       text,
  created_at       timestamp with time zone NOT NULL,
  completed_at     timestamp with time zone,
  sequence         integer,
  held_reason      text,
  replay_id        uuid,
  attempts_before  integer                  NOT NULL DEFAULT 0,
  CONSTRAINT webhook_delivery_pkey PRIMARY KEY (organization_id, id),
  CONSTRAINT webhook_delivery_event_id_endpoint_id_key UNIQUE (event_id, endpoint_id),
  CONSTRAINT webhook_delivery_status_check
    CHECK (status = ANY (ARRAY['pending'::text, 'delivered'::text, 'failed'::text, 'missed'::text, 'skipped'::text])),
  CONSTRAINT webhook_delivery_organization_id_endpoint_id_fkey
    FOREIGN KEY (organization_id, endpoint_id)
    REFERENCES webhook_endpoint(organization_id, id) ON DELETE CASCADE,
  CONSTRAINT webhook_delivery_organization_id_event_id_fkey
    FOREIGN KEY (organization_id, event_id)
    REFERENCES webhook_event(organization_id, id) ON DELETE CASCADE
) WITH (autovacuum_vacuum_cost_delay=0, autovacuum_vacuum_scale_factor=0.05, fillfactor=50);
CREATE INDEX webhook_delivery_alert_idx ON webhook_delivery
  USING btree (organization_id, alert_id, created_at)
  WHERE (alert_id IS NOT NULL);
CREATE INDEX webhook_delivery_due_idx ON webhook_delivery
  USING btree (next_attempt_at)
  WHERE (status = 'pending'::text);
CREATE INDEX webhook_delivery_endpoint_idx ON webhook_delivery
  USING btree (organization_id, endpoint_id, created_at, id);
CREATE INDEX webhook_delivery_failed_idx ON webhook_delivery USING btree (completed_at) WHERE (status = 'failed'::text);
CREATE INDEX webhook_delivery_held_idx ON webhook_delivery
  USING btree (endpoint_id)
  WHERE ((status = 'pending'::text) AND (held_reason IS NOT NULL));
CREATE INDEX webhook_delivery_log_idx ON webhook_delivery USING btree (organization_id, created_at, id);
CREATE INDEX webhook_delivery_order_idx ON webhook_delivery
  USING btree (endpoint_id, alert_id, sequence)
  WHERE ((status = 'pending'::text) AND (sequence IS NOT NULL));
CREATE TRIGGER delete_webhook_attempts AFTER DELETE ON webhook_delivery
  REFERENCING OLD TABLE AS deleted
  FOR EACH STATEMENT EXECUTE FUNCTION delete_webhook_attempts();

CREATE TABLE webhook_replay (
  id              uuid                     NOT NULL,
  organization_id uuid                     NOT NULL,
  filter          jsonb                    NOT NULL,
  delivery_count  integer                  NOT NULL,
  requested_by    uuid                     NOT NULL,
  requested_at    timestamp with time zone NOT NULL,
  CONSTRAINT webhook_replay_pkey PRIMARY KEY (id),
  CONSTRAINT webhook_replay_organization_id_fkey
    FOREIGN KEY (organization_id)
    REFERENCES organization(id) ON DELETE CASCADE
);
CREATE INDEX webhook_replay_newest_idx ON webhook_replay USING btree (organization_id, requested_at, id);

CREATE VIEW rule_standing AS
 SELECT s.organization_id,
    s.rule_id,
    g.next_evaluation_at,
    GREATEST(s.last_evaluated_at,
        CASE
            WHEN g.last_evaluated_at >= s.scheduled_since THEN g.last_evaluated_at
            ELSE NULL::timestamp with time zone
        END) AS last_evaluated_at,
    s.last_fired_at,
    s.last_error,
    s.consecutive_errors
   FROM rule_state s
     JOIN alert_rule r ON r.organization_id = s.organization_id AND r.id = s.rule_id
     LEFT JOIN rule_schedule g ON g.organization_id = r.organization_id AND g.interval_minutes = COALESCE(r.evaluation_interval_minutes, 0) AND r.is_enabled;
