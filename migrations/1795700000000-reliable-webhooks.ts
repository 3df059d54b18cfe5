import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * What endpoints need to be told what they asked for, in the order they asked for, and to be left alone while they are ill: filters, headers, settings, the
 * health that all replicas share, the request of each attempt as it was sent, and who had what sent again.
 */
export class ReliableWebhooks1795700000000 implements MigrationInterface {
  name = 'ReliableWebhooks1795700000000';

  async up(queryRunner: QueryRunner): Promise<void> {
    for (const statement of [endpoints, deliveries]) await queryRunner.query(statement);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`
      DELETE FROM webhook_delivery WHERE status IN ('missed', 'skipped');
      DROP TABLE webhook_replay, webhook_endpoint_health;
      DROP INDEX webhook_delivery_order_idx, webhook_delivery_held_idx, webhook_delivery_log_idx, webhook_delivery_alert_idx;
      ALTER TABLE webhook_attempt DROP COLUMN request_url, DROP COLUMN request_headers, DROP COLUMN request_body;
      ALTER TABLE webhook_delivery DROP COLUMN sequence, DROP COLUMN held_reason, DROP COLUMN replay_id, DROP COLUMN attempts_before,
        DROP CONSTRAINT webhook_delivery_status_check,
        ADD CONSTRAINT webhook_delivery_status_check CHECK (status IN ('pending', 'delivered', 'failed'));
      ALTER TABLE webhook_endpoint DROP COLUMN min_severity, DROP COLUMN rule_types, DROP COLUMN is_ordered, DROP COLUMN header_names,
        DROP COLUMN headers_ciphertext, DROP COLUMN setting_names, DROP COLUMN settings_ciphertext, DROP COLUMN previous_secret_ciphertext,
        DROP COLUMN previous_secret_until, DROP COLUMN disabled_reason;
      ALTER TABLE alert_instance DROP COLUMN last_sequence;
    `);
  }
}

const endpoints = `
  -- From here on \`url\` is sealed text. What is there in the clear is sealed when the server starts: the key is not known here.
  ALTER TABLE webhook_endpoint
    ADD COLUMN min_severity text,
    ADD COLUMN rule_types text[] NOT NULL DEFAULT '{}',
    ADD COLUMN is_ordered boolean NOT NULL DEFAULT false,
    ADD COLUMN header_names text[] NOT NULL DEFAULT '{}',
    ADD COLUMN headers_ciphertext text,
    ADD COLUMN setting_names text[] NOT NULL DEFAULT '{}',
    ADD COLUMN settings_ciphertext text,
    ADD COLUMN previous_secret_ciphertext text,
    ADD COLUMN previous_secret_until timestamptz,
    ADD COLUMN disabled_reason text,
    ADD CONSTRAINT webhook_endpoint_min_severity_check CHECK (min_severity IN ('critical', 'high', 'medium', 'low', 'info')),
    ADD CONSTRAINT webhook_endpoint_disabled_reason_check CHECK (disabled_reason IN ('gone', 'failing'));

  -- Written by every attempt, so that it stands apart from what people change.
  CREATE TABLE webhook_endpoint_health (
    organization_id uuid NOT NULL,
    endpoint_id uuid NOT NULL,
    samples jsonb NOT NULL DEFAULT '[]',
    breaker text NOT NULL DEFAULT 'closed',
    openings integer NOT NULL DEFAULT 0,
    open_until timestamptz,
    probe_until timestamptz,
    paused_until timestamptz,
    consecutive_failures integer NOT NULL DEFAULT 0,
    failing_since timestamptz,
    last_success_at timestamptz,
    last_failure_at timestamptz,
    last_error text,
    recover_since timestamptz,
    PRIMARY KEY (organization_id, endpoint_id),
    FOREIGN KEY (organization_id, endpoint_id) REFERENCES webhook_endpoint (organization_id, id) ON DELETE CASCADE,
    CONSTRAINT webhook_endpoint_health_breaker_check CHECK (breaker IN ('closed', 'open'))
  ) WITH (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.05, autovacuum_vacuum_cost_delay = 0);
`;

const deliveries = `
  -- The number of the latest event of the alert: that it fired is the first.
  ALTER TABLE alert_instance ADD COLUMN last_sequence integer NOT NULL DEFAULT 1;

  ALTER TABLE webhook_delivery
    ADD COLUMN sequence integer,
    ADD COLUMN held_reason text,
    ADD COLUMN replay_id uuid,
    ADD COLUMN attempts_before integer NOT NULL DEFAULT 0,
    DROP CONSTRAINT webhook_delivery_status_check,
    ADD CONSTRAINT webhook_delivery_status_check CHECK (status IN ('pending', 'delivered', 'failed', 'missed', 'skipped'));
  CREATE INDEX webhook_delivery_order_idx ON webhook_delivery (endpoint_id, alert_id, sequence) WHERE status = 'pending' AND sequence IS NOT NULL;
  CREATE INDEX webhook_delivery_held_idx ON webhook_delivery (endpoint_id) WHERE status = 'pending' AND held_reason IS NOT NULL;
  CREATE INDEX webhook_delivery_log_idx ON webhook_delivery (organization_id, created_at, id);
  CREATE INDEX webhook_delivery_alert_idx ON webhook_delivery (organization_id, alert_id, created_at) WHERE alert_id IS NOT NULL;

  ALTER TABLE webhook_attempt
    ADD COLUMN request_url text,
    ADD COLUMN request_headers jsonb,
    ADD COLUMN request_body text;

  CREATE TABLE webhook_replay (
    id uuid PRIMARY KEY,
    organization_id uuid NOT NULL REFERENCES organization (id) ON DELETE CASCADE,
    filter jsonb NOT NULL,
    delivery_count integer NOT NULL,
    requested_by uuid NOT NULL,
    requested_at timestamptz NOT NULL
  );
  CREATE INDEX webhook_replay_newest_idx ON webhook_replay (organization_id, requested_at, id);
`;
