import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { CLOCK_SLACK_MS } from '../../common/clock-slack.js';
import { newId } from '../../common/ids.js';
import { countChanged, queryRows } from '../../database/index.js';
import { ClockCorrections } from '../../metrics/index.js';
import {
  audienceFilter,
  emailFilter,
  emailModeOf,
  type AudienceReason,
  type EmailReason,
} from '../audience/audience-rules.js';
import type { EmailNoticeFacts, OutgoingEmail } from './compose-message.js';
import type { EmailStep, SendOutcome } from './decide-email.js';
import type { EmailMode } from './email-mode.js';
import { LONGEST_WAIT_MS, type QuietHours } from './local-time.js';

/** A message that this worker may send until its lease ends. */
export interface ClaimedEmail extends OutgoingEmail {
  lockToken: string;
  /** The number of the attempt that comes next, from 1. */
  attempt: number;
  mode: EmailMode;
  quietHours: QuietHours | null;
  /** Notices of the message that its member is not to get any more. They are not among `notices`. */
  suppressed: readonly SuppressedNotice[];
}

/** A notice that is not sent, by the role and preferences of the member at the time of sending. */
export interface SuppressedNotice {
  id: string;
  reason: AudienceReason | EmailReason;
}

/** The result of an attempt to send a claimed message. */
export interface EmailResult {
  mail: Pick<ClaimedEmail, 'id' | 'lockToken' | 'attempt'>;
  finishedAt: Date;
  outcome: SendOutcome;
  next: EmailStep;
}

interface ClaimedRow extends Omit<ClaimedEmail, 'quietHours' | 'notices' | 'suppressed'> {
  timeZone: string | null;
  quietFrom: string | null;
  quietUntil: string | null;
  notices: (EmailNoticeFacts & { reason: SuppressedNotice['reason'] | null })[] | null;
}

const NOTICE = { severity: 'n.severity', ruleType: 'a.rule_type' };

/** A lease that ends later than any lease taken now was set by a clock that was ahead, and counts as ended. */
const CLAIM = `
  WITH due AS MATERIALIZED (
    SELECT id FROM email_delivery
    WHERE status = 'pending' AND next_attempt_at <= $1 AND (locked_until IS NULL OR locked_until < $1 OR locked_until > $5)
    ORDER BY next_attempt_at LIMIT $2 FOR UPDATE SKIP LOCKED
  ), claimed AS (
    UPDATE email_delivery d SET lock_token = $3, locked_until = $4, held_for = NULL FROM due WHERE d.id = due.id RETURNING d.*
  )
  SELECT d.id, d.organization_id AS "organizationId", o.name AS "organizationName", d.user_id AS "userId", u.email, u.display_name AS "displayName",
    d.kind, d.digest_slot AS "digestSlot", d.created_at AS "createdAt", d.lock_token AS "lockToken", d.attempt_count + 1 AS attempt,
    ${emailModeOf('p')} AS mode, p.time_zone AS "timeZone", p.quiet_from AS "quietFrom", p.quiet_until AS "quietUntil",
    (SELECT json_agg(json_build_object('id', n.id, 'alertId', n.alert_id, 'event', n.event, 'severity', n.severity, 'title', n.title,
         'message', n.message, 'createdAt', to_char(n.created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'),
         'reason', coalesce(${audienceFilter('m', NOTICE.severity)}, ${emailFilter('p', NOTICE, 'true')})) ORDER BY n.created_at, n.id)
     FROM email_notice n LEFT JOIN alert_instance a ON a.organization_id = n.organization_id AND a.id = n.alert_id
     WHERE n.organization_id = d.organization_id AND n.delivery_id = d.id) AS notices
  FROM claimed d
  JOIN organization o ON o.id = d.organization_id
  JOIN membership m ON m.organization_id = d.organization_id AND m.user_id = d.user_id
  JOIN user_account u ON u.id = d.user_id
  LEFT JOIN notification_preference p ON p.organization_id = d.organization_id AND p.user_id = d.user_id`;

/**
 * This statement and those below change a row only while it carries the token of the claim, so a worker whose lease ran
 * out changes nothing.
 */
const FINISH = `
  UPDATE email_delivery d
  SET status = r.status, attempt_count = r.attempt, next_attempt_at = coalesce(r.next_attempt_at, d.next_attempt_at), lock_token = NULL,
    locked_until = NULL, last_status_code = r.status_code, last_error = r.error,
    completed_at = CASE WHEN r.status = 'pending' THEN NULL ELSE r.finished_at END
  FROM unnest($1::uuid[], $2::uuid[], $3::integer[], $4::text[], $5::timestamptz[], $6::integer[], $7::text[], $8::timestamptz[])
    AS r (id, lock_token, attempt, status, next_attempt_at, status_code, error, finished_at)
  WHERE d.id = r.id AND d.lock_token = r.lock_token AND d.status = 'pending'`;

const HOLD = `
  UPDATE email_delivery SET next_attempt_at = $3, held_for = 'quiet_hours', lock_token = NULL, locked_until = NULL
  WHERE id = $1 AND lock_token = $2 AND status = 'pending'`;

/** Removes notices from a message and records the reason for those that are about an alert. */
const REMOVE_NOTICES = `
  WITH gone AS (
    DELETE FROM email_notice n USING email_delivery d, unnest($3::uuid[], $4::text[]) AS o (id, reason)
    WHERE n.id = o.id AND d.organization_id = n.organization_id AND d.id = n.delivery_id AND d.id = $1 AND d.lock_token = $2 AND d.status = 'pending'
    RETURNING n.organization_id, n.alert_id, n.event, n.user_id, o.reason
  )
  INSERT INTO notification_skip (organization_id, alert_id, event, user_id, channel, reason, created_at)
  SELECT organization_id, alert_id, event, user_id, 'email', reason, $5 FROM gone WHERE alert_id IS NOT NULL
  ON CONFLICT DO NOTHING`;

/** Notices without a message wait for the next digest. */
const PUT_INTO_DIGEST = `
  WITH ended AS (
    UPDATE email_delivery SET status = 'cancelled', last_error = 'digest', completed_at = $3, lock_token = NULL, locked_until = NULL
    WHERE id = $1 AND lock_token = $2 AND status = 'pending' RETURNING organization_id, id
  )
  UPDATE email_notice n SET delivery_id = NULL FROM ended WHERE n.organization_id = ended.organization_id AND n.delivery_id = ended.id`;

const CANCEL = `
  UPDATE email_delivery SET status = 'cancelled', last_error = $3, completed_at = $4, lock_token = NULL, locked_until = NULL
  WHERE id = $1 AND lock_token = $2 AND status = 'pending'`;

/**
 * The queue of `email_delivery`. Each statement is its own short transaction, and none is open while a message is sent.
 */
@Injectable()
export class EmailStore {
  constructor(
    private readonly dataSource: DataSource,
    private readonly corrections: ClockCorrections,
  ) {}

  /** Makes messages due that wait for longer than any can, because a clock that was ahead set their next attempt. */
  async correct(now: Date): Promise<void> {
    const changed = await countChanged(
      this.dataSource,
      `UPDATE email_delivery SET next_attempt_at = $1, held_for = NULL WHERE status = 'pending' AND next_attempt_at > $2`,
      [now, new Date(now.getTime() + LONGEST_WAIT_MS + CLOCK_SLACK_MS)],
    );
    this.corrections.report('email', changed);
  }

  /** Claims due messages, longest due first, and reads the current preferences of each member. */
  async claim(now: Date, limit: number, leaseMs: number): Promise<ClaimedEmail[]> {
    const rows = await queryRows<ClaimedRow>(this.dataSource, CLAIM, [
      now,
      limit,
      newId(),
      new Date(now.getTime() + leaseMs),
      new Date(now.getTime() + leaseMs + CLOCK_SLACK_MS),
    ]);
    return rows.map(({ timeZone, quietFrom, quietUntil, notices, ...mail }) => ({
      ...mail,
      notices: (notices ?? []).filter(({ reason }) => reason === null),
      suppressed: (notices ?? []).flatMap(({ id, reason }) => (reason === null ? [] : { id, reason })),
      quietHours: timeZone && quietFrom && quietUntil ? { timeZone, from: quietFrom, until: quietUntil } : null,
    }));
  }

  /** @returns the number of messages that changed. A message that another worker has claimed since does not change. */
  finish(results: readonly EmailResult[]): Promise<number> {
    const column = <T>(value: (result: EmailResult) => T): T[] => results.map(value);
    return countChanged(this.dataSource, FINISH, [
      column(({ mail }) => mail.id),
      column(({ mail }) => mail.lockToken),
      column(({ mail }) => mail.attempt),
      column(({ next }) => next.status),
      column(({ next }) => (next.status === 'pending' ? next.nextAttemptAt : null)),
      column(({ outcome }) => outcome.statusCode),
      column(({ outcome }) => (outcome.kind === 'failed' ? outcome.error : null)),
      column(({ finishedAt }) => finishedAt),
    ]);
  }

  /** Postpones a message without counting an attempt. */
  hold({ id, lockToken }: ClaimedEmail, until: Date): Promise<number> {
    return countChanged(this.dataSource, HOLD, [id, lockToken, until]);
  }

  /** Removes the suppressed notices from a message. */
  async removeNotices({ id, lockToken }: ClaimedEmail, notices: readonly SuppressedNotice[], now: Date): Promise<void> {
    await this.dataSource.query(REMOVE_NOTICES, [
      id,
      lockToken,
      notices.map((notice) => notice.id),
      notices.map(({ reason }) => reason),
      now,
    ]);
  }

  /**
   * Cancels a message whose member wants digests now, and moves its notices to the next digest. @returns the number of
   * notices moved.
   */
  putIntoDigest({ id, lockToken }: ClaimedEmail, now: Date): Promise<number> {
    return countChanged(this.dataSource, PUT_INTO_DIGEST, [id, lockToken, now]);
  }

  /** Cancels a message that its member does not want any more. */
  cancel({ id, lockToken }: ClaimedEmail, reason: string, now: Date): Promise<number> {
    return countChanged(this.dataSource, CANCEL, [id, lockToken, reason, now]);
  }
}
