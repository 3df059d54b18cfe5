import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { ALERT_AUDIENCE } from '../../common/access/index.js';
import { SEVERITIES } from '../../common/alerting.js';
import { newId } from '../../common/ids.js';
import { countChanged, queryRows } from '../../database/index.js';
import type { EmailNoticeFacts, OutgoingEmail } from './compose-message.js';
import type { EmailStep, SendOutcome } from './decide-email.js';
import type { EmailMode } from './email-mode.js';
import { leftOut, type LeftOutReason } from './left-out.js';
import type { QuietHours } from './local-time.js';

/** A message that this worker may send until its lease ends. */
export interface ClaimedEmail extends OutgoingEmail {
  lockToken: string;
  /** The number of the attempt that is about to be made, from 1. */
  attempt: number;
  isActive: boolean;
  /** Whether the member's role is one that is told of alerts. */
  isAudience: boolean;
  mode: EmailMode;
  quietHours: QuietHours | null;
  /** What is in it and is not for the member any more, by what they prefer now; it is not among the notices. */
  leftOut: readonly LeftOutNotice[];
}

export interface LeftOutNotice {
  id: string;
  reason: LeftOutReason;
}

/** What became of a claimed message. */
export interface EmailResult {
  mail: Pick<ClaimedEmail, 'id' | 'lockToken' | 'attempt'>;
  finishedAt: Date;
  outcome: SendOutcome;
  next: EmailStep;
}

interface ClaimedRow extends Omit<ClaimedEmail, 'quietHours' | 'notices' | 'leftOut'> {
  timeZone: string | null;
  quietFrom: string | null;
  quietUntil: string | null;
  notices: (EmailNoticeFacts & { leftOut: LeftOutReason | null })[] | null;
}

const CLAIM = `
  WITH due AS MATERIALIZED (
    SELECT id FROM email_delivery
    WHERE status = 'pending' AND next_attempt_at <= $1 AND (locked_until IS NULL OR locked_until < $1)
    ORDER BY next_attempt_at LIMIT $2 FOR UPDATE SKIP LOCKED
  ), claimed AS (
    UPDATE email_delivery d SET lock_token = $3, locked_until = $4, held_for = NULL FROM due WHERE d.id = due.id RETURNING d.*
  )
  SELECT d.id, d.organization_id AS "organizationId", o.name AS "organizationName", d.user_id AS "userId", u.email, u.display_name AS "displayName",
    d.kind, d.digest_slot AS "digestSlot", d.created_at AS "createdAt", d.lock_token AS "lockToken", d.attempt_count + 1 AS attempt,
    m.is_active AS "isActive", m.role = ANY ($5::text[]) AS "isAudience", coalesce(p.email, 'off') AS mode, p.time_zone AS "timeZone", p.quiet_from AS "quietFrom", p.quiet_until AS "quietUntil",
    (SELECT json_agg(json_build_object('id', n.id, 'alertId', n.alert_id, 'event', n.event, 'severity', n.severity, 'title', n.title,
         'message', n.message, 'createdAt', to_char(n.created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'),
         'leftOut', ${leftOut('$6')}) ORDER BY n.created_at, n.id)
     FROM email_notice n LEFT JOIN alert_instance a ON a.organization_id = n.organization_id AND a.id = n.alert_id
     WHERE n.organization_id = d.organization_id AND n.delivery_id = d.id) AS notices
  FROM claimed d
  JOIN organization o ON o.id = d.organization_id
  JOIN membership m ON m.organization_id = d.organization_id AND m.user_id = d.user_id
  JOIN user_account u ON u.id = d.user_id
  LEFT JOIN notification_preference p ON p.organization_id = d.organization_id AND p.user_id = d.user_id`;

/** Each of these changes a row only while it carries the claim's token: a worker whose lease ran out changes nothing. */
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

/** Only of a message that the claim still holds; of an alert, with a note of why. */
const LEAVE_OUT = `
  WITH gone AS (
    DELETE FROM email_notice n USING email_delivery d, unnest($3::uuid[], $4::text[]) AS o (id, reason)
    WHERE n.id = o.id AND d.organization_id = n.organization_id AND d.id = n.delivery_id AND d.id = $1 AND d.lock_token = $2 AND d.status = 'pending'
    RETURNING n.organization_id, n.alert_id, n.event, n.user_id, o.reason
  )
  INSERT INTO notification_skip (organization_id, alert_id, event, user_id, channel, reason, created_at)
  SELECT organization_id, alert_id, event, user_id, 'email', reason, $5 FROM gone WHERE alert_id IS NOT NULL
  ON CONFLICT DO NOTHING`;

/** Its notices have no message then, and so wait for the next digest. */
const PUT_INTO_DIGEST = `
  WITH ended AS (
    UPDATE email_delivery SET status = 'cancelled', last_error = 'digest', completed_at = $3, lock_token = NULL, locked_until = NULL
    WHERE id = $1 AND lock_token = $2 AND status = 'pending' RETURNING organization_id, id
  )
  UPDATE email_notice n SET delivery_id = NULL FROM ended WHERE n.organization_id = ended.organization_id AND n.delivery_id = ended.id`;

const CANCEL = `
  UPDATE email_delivery SET status = 'cancelled', last_error = $3, completed_at = $4, lock_token = NULL, locked_until = NULL
  WHERE id = $1 AND lock_token = $2 AND status = 'pending'`;

/** The queue side of `email_delivery`: every statement is a short transaction of its own, and none is open while something is sent. */
@Injectable()
export class EmailStore {
  constructor(private readonly dataSource: DataSource) {}

  /** Takes due messages, oldest due first, with what the person wants as it stands now. */
  async claim(now: Date, limit: number, leaseMs: number): Promise<ClaimedEmail[]> {
    const rows = await queryRows<ClaimedRow>(this.dataSource, CLAIM, [
      now,
      limit,
      newId(),
      new Date(now.getTime() + leaseMs),
      ALERT_AUDIENCE,
      SEVERITIES,
    ]);
    return rows.map(({ timeZone, quietFrom, quietUntil, notices, ...mail }) => ({
      ...mail,
      notices: (notices ?? []).filter(({ leftOut: reason }) => reason === null),
      leftOut: (notices ?? []).flatMap(({ id, leftOut: reason }) => (reason === null ? [] : { id, reason })),
      quietHours: timeZone && quietFrom && quietUntil ? { timeZone, from: quietFrom, until: quietUntil } : null,
    }));
  }

  /** @returns how many messages changed: one whose lease had passed to another worker does not. */
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

  /** Puts a message off without counting an attempt. */
  hold({ id, lockToken }: ClaimedEmail, until: Date): Promise<number> {
    return countChanged(this.dataSource, HOLD, [id, lockToken, until]);
  }

  /** Takes what is not for its member any more out of a message. */
  async leaveOut({ id, lockToken }: ClaimedEmail, notices: readonly LeftOutNotice[], now: Date): Promise<void> {
    await this.dataSource.query(LEAVE_OUT, [
      id,
      lockToken,
      notices.map((notice) => notice.id),
      notices.map(({ reason }) => reason),
      now,
    ]);
  }

  /** Ends a message whose member wants digests by now, and has what it tells of come with the next. @returns how many notices that are. */
  putIntoDigest({ id, lockToken }: ClaimedEmail, now: Date): Promise<number> {
    return countChanged(this.dataSource, PUT_INTO_DIGEST, [id, lockToken, now]);
  }

  /** Ends a message that nobody wants any more. */
  cancel({ id, lockToken }: ClaimedEmail, reason: string, now: Date): Promise<number> {
    return countChanged(this.dataSource, CANCEL, [id, lockToken, reason, now]);
  }
}
