import type { MigrationInterface, QueryRunner } from 'typeorm';

/** What each person wants to be told of and how, e-mail with its outbox, and an order of notifications that a stream can follow. */
export class TellPeople1795800000000 implements MigrationInterface {
  name = 'TellPeople1795800000000';

  async up(queryRunner: QueryRunner): Promise<void> {
    for (const statement of [preferences, email, stream]) await queryRunner.query(statement);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`
      DROP INDEX notification_stream_idx;
      ALTER TABLE notification DROP COLUMN stream_position;
      DROP FUNCTION vedette_transaction_number();
      DROP TABLE email_notice, email_delivery, notification_skip, notification_preference;
    `);
  }
}

/** `notification_skip` keeps what a person was not told of an alert, and why; where no row says otherwise, nothing was left out. */
const preferences = `
  CREATE TABLE notification_preference (
    organization_id uuid NOT NULL,
    user_id uuid NOT NULL,
    min_severity text NOT NULL,
    rule_types text[],
    in_app boolean NOT NULL,
    email text NOT NULL,
    digest_hour integer NOT NULL,
    time_zone text NOT NULL,
    quiet_from text,
    quiet_until text,
    digest_due_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    PRIMARY KEY (organization_id, user_id),
    FOREIGN KEY (organization_id, user_id) REFERENCES membership (organization_id, user_id) ON DELETE CASCADE,
    CONSTRAINT notification_preference_min_severity_check CHECK (min_severity IN ('critical', 'high', 'medium', 'low', 'info')),
    CONSTRAINT notification_preference_email_check CHECK (email IN ('off', 'immediate', 'daily_digest')),
    CONSTRAINT notification_preference_digest_hour_check CHECK (digest_hour BETWEEN 0 AND 23)
  );
  CREATE INDEX notification_preference_digest_due_at_idx ON notification_preference (digest_due_at);

  CREATE TABLE notification_skip (
    organization_id uuid NOT NULL,
    alert_id uuid NOT NULL,
    event text NOT NULL,
    user_id uuid NOT NULL,
    channel text NOT NULL,
    reason text NOT NULL,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (organization_id, alert_id, event, user_id, channel),
    FOREIGN KEY (organization_id, user_id) REFERENCES membership (organization_id, user_id) ON DELETE CASCADE,
    FOREIGN KEY (organization_id, alert_id) REFERENCES alert_instance (organization_id, id) ON DELETE CASCADE
  );
  CREATE INDEX notification_skip_user_idx ON notification_skip (organization_id, user_id);
`;

/** \`email_delivery\` is the outbox: one row a message. \`email_notice\` is what stands in a message; one that has no message yet waits for a digest. */
const email = `
  CREATE TABLE email_delivery (
    id uuid PRIMARY KEY,
    organization_id uuid NOT NULL,
    user_id uuid NOT NULL,
    kind text NOT NULL,
    digest_slot timestamptz,
    status text NOT NULL DEFAULT 'pending',
    attempt_count integer NOT NULL DEFAULT 0,
    next_attempt_at timestamptz NOT NULL,
    held_for text,
    lock_token uuid,
    locked_until timestamptz,
    last_status_code integer,
    last_error text,
    created_at timestamptz NOT NULL,
    completed_at timestamptz,
    UNIQUE (organization_id, id),
    FOREIGN KEY (organization_id, user_id) REFERENCES membership (organization_id, user_id) ON DELETE CASCADE,
    CONSTRAINT email_delivery_kind_check CHECK (kind IN ('immediate', 'digest')),
    CONSTRAINT email_delivery_status_check CHECK (status IN ('pending', 'sent', 'failed', 'cancelled'))
  );
  CREATE INDEX email_delivery_due_idx ON email_delivery (next_attempt_at) WHERE status = 'pending';
  CREATE INDEX email_delivery_completed_idx ON email_delivery (completed_at) WHERE status <> 'pending';
  CREATE INDEX email_delivery_user_idx ON email_delivery (organization_id, user_id);
  CREATE UNIQUE INDEX email_delivery_digest_idx ON email_delivery (organization_id, user_id, digest_slot) WHERE kind = 'digest';

  CREATE TABLE email_notice (
    id uuid PRIMARY KEY,
    organization_id uuid NOT NULL,
    user_id uuid NOT NULL,
    delivery_id uuid,
    alert_id uuid,
    event text NOT NULL,
    severity text NOT NULL,
    title text NOT NULL,
    message text NOT NULL,
    created_at timestamptz NOT NULL,
    FOREIGN KEY (organization_id, user_id) REFERENCES membership (organization_id, user_id) ON DELETE CASCADE,
    FOREIGN KEY (organization_id, alert_id) REFERENCES alert_instance (organization_id, id) ON DELETE CASCADE,
    FOREIGN KEY (organization_id, delivery_id) REFERENCES email_delivery (organization_id, id) ON DELETE CASCADE
  );
  CREATE INDEX email_notice_delivery_idx ON email_notice (organization_id, delivery_id);
  CREATE INDEX email_notice_user_idx ON email_notice (organization_id, user_id);
  CREATE INDEX email_notice_waiting_idx ON email_notice (organization_id, user_id) WHERE delivery_id IS NULL;
  CREATE UNIQUE INDEX email_notice_once_idx ON email_notice (organization_id, alert_id, event, user_id) WHERE alert_id IS NOT NULL;
`;

/**
 * Rows become visible in the order of their commits, which no id handed out before the commit shows. Each keeps the number of its transaction instead; a reader
 * that stops below the oldest transaction still open never passes over one.
 */
const stream = `
  CREATE FUNCTION vedette_transaction_number() RETURNS bigint LANGUAGE sql STABLE AS 'SELECT pg_current_xact_id()::text::bigint';
  ALTER TABLE notification ADD COLUMN stream_position bigint NOT NULL DEFAULT 0;
  ALTER TABLE notification ALTER COLUMN stream_position SET DEFAULT vedette_transaction_number();
  CREATE INDEX notification_stream_idx ON notification (stream_position, id);
`;
