import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { queryRows } from '../../database/index.js';
import type { Notification } from '../inbox/notification.entity.js';
import { toNotificationResponse } from '../inbox/notification.mapper.js';
import type { StreamedNotice } from './stream-connection.js';
import { FIRST_ID, type StreamPosition } from './stream-position.js';

/** A member with an open stream. */
export interface Reader {
  organizationId: string;
  userId: string;
}

/** The result of a read, in order. */
export interface StreamPage {
  notices: StreamedNotice[];
  /** The position that the read reached. The next read starts there. */
  reached: StreamPosition;
  isWhole: boolean;
  /** Whether committed notices of these members wait for an older transaction to end. */
  isHeldBack: boolean;
}

type Row = Notification;

/**
 * All transactions below this number have ended, so no row of them can still appear. Rows at or above it wait,
 * because a row that sorts before them may not be visible yet.
 */
const HORIZON = 'pg_snapshot_xmin(pg_current_snapshot())::text::bigint';

const FIND = `
  SELECT h.horizon, w.is_held_back, n.id, n.organization_id AS "organizationId", n.user_id AS "userId", n.alert_id AS "alertId", n.event, n.severity, n.title, n.message,
    n.created_at AS "createdAt", n.read_at AS "readAt", n.stream_position AS "streamPosition"
  FROM (SELECT ${HORIZON} AS horizon) h
  CROSS JOIN LATERAL (
    SELECT EXISTS (SELECT FROM notification n WHERE n.stream_position >= h.horizon
      AND (n.organization_id, n.user_id) IN (SELECT * FROM unnest($3::uuid[], $4::uuid[]))) AS is_held_back
  ) w
  LEFT JOIN LATERAL (
    SELECT * FROM notification n
    WHERE (n.stream_position, n.id) > ($1::bigint, $2::uuid) AND n.stream_position < h.horizon
      AND (n.organization_id, n.user_id) IN (SELECT * FROM unnest($3::uuid[], $4::uuid[]))
    ORDER BY n.stream_position, n.id LIMIT $5
  ) n ON true
  ORDER BY n.stream_position, n.id`;

/**
 * Reads notifications in the order in which they become visible. Each read is one statement and keeps no state in the
 * session.
 */
@Injectable()
export class StreamReader {
  constructor(private readonly dataSource: DataSource) {}

  /** The position of a stream that wants new notifications only. */
  async present(): Promise<StreamPosition> {
    const [row] = await queryRows<{ horizon: string }>(this.dataSource, `SELECT ${HORIZON} AS horizon`);
    return { transaction: row!.horizon, id: FIRST_ID };
  }

  /** Reads the notices of these members after `position`, at most `limit`. */
  async after(position: StreamPosition, readers: readonly Reader[], limit: number): Promise<StreamPage> {
    const rows = await queryRows<Row & { horizon: string; is_held_back: boolean }>(this.dataSource, FIND, [
      position.transaction,
      position.id,
      readers.map(({ organizationId }) => organizationId),
      readers.map(({ userId }) => userId),
      limit,
    ]);
    const notices = rows.filter(({ id }) => id !== null).map(toStreamed);
    const isWhole = notices.length < limit;
    const last = notices.at(-1);
    const { horizon, is_held_back: isHeldBack } = rows[0]!;
    const reached = isWhole || !last ? { transaction: horizon, id: FIRST_ID } : last;
    return { notices, isWhole, isHeldBack, reached };
  }

  /** Filters the given members: only those who are still active. */
  async active(readers: readonly Reader[]): Promise<Reader[]> {
    return queryRows<Reader>(
      this.dataSource,
      `SELECT organization_id AS "organizationId", user_id AS "userId" FROM membership
       WHERE is_active AND (organization_id, user_id) IN (SELECT * FROM unnest($1::uuid[], $2::uuid[]))`,
      [readers.map(({ organizationId }) => organizationId), readers.map(({ userId }) => userId)],
    );
  }
}

function toStreamed(row: Row): StreamedNotice {
  return {
    transaction: row.streamPosition,
    id: row.id,
    organizationId: row.organizationId,
    userId: row.userId,
    data: toNotificationResponse(row),
  };
}
