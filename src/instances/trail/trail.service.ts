import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { notFound } from '../../common/errors/index.js';
import { isUuid } from '../../common/ids.js';
import { queryRows } from '../../database/index.js';
import { PEOPLE_TRAIL } from '../../notifications/index.js';
import { ENDPOINT_TRAIL } from '../../webhooks/index.js';

export const TRAIL_CHANNELS = ['in_app', 'email', 'webhook'] as const;
export const TRAIL_OUTCOMES = ['told', 'waiting', 'not_told', 'failed'] as const;

/** What one channel did with an alert for one person or endpoint. */
export interface TrailEntry {
  channel: (typeof TRAIL_CHANNELS)[number];
  event: string;
  outcome: (typeof TRAIL_OUTCOMES)[number];
  /** A code for the reason why nothing was sent, or not yet; null for what was sent. */
  reason: string | null;
  /** Null for an endpoint. */
  userId: string | null;
  /** Null for a person. */
  endpointId: string | null;
  /** The display name of the person, or the name of the endpoint. */
  name: string;
  /** When the outcome was reached; while it waits, when it was queued. */
  at: Date;
  /** When the next attempt is due; null when there is none. */
  nextAttemptAt: Date | null;
  attempts: number | null;
  statusCode: number | null;
  error: string | null;
  readAt: Date | null;
}

const SOURCES = [PEOPLE_TRAIL, ENDPOINT_TRAIL];

const TRAIL = `
  WITH alert AS (SELECT severity, rule_type, created_at FROM alert_instance WHERE organization_id = $1 AND id = $2),
  recorded AS MATERIALIZED (${SOURCES.map(({ recorded }) => recorded).join(' UNION ALL ')}),
  trail AS (SELECT * FROM recorded UNION ALL ${SOURCES.map(({ unrecorded }) => unrecorded).join(' UNION ALL ')})
  SELECT channel, event, outcome, reason, user_id AS "userId", endpoint_id AS "endpointId", name, at, next_attempt_at AS "nextAttemptAt",
    attempts, status_code AS "statusCode", error, read_at AS "readAt"
  FROM trail ORDER BY at, channel, name, user_id, endpoint_id`;

/** Reads who got an alert and who did not, by which channel and why. */
@Injectable()
export class TrailService {
  constructor(private readonly dataSource: DataSource) {}

  /**
   * Oldest first.
   * @throws DomainError `not_found` for an alert that does not exist or belongs to another organisation.
   */
  async of(organizationId: string, alertId: string): Promise<TrailEntry[]> {
    const parameters = [organizationId, alertId];
    const exists =
      isUuid(alertId) &&
      (await queryRows(
        this.dataSource,
        'SELECT 1 FROM alert_instance WHERE organization_id = $1 AND id = $2',
        parameters,
      ));
    if (!exists || exists.length === 0) throw notFound('alert', alertId);
    return queryRows<TrailEntry>(this.dataSource, TRAIL, parameters);
  }
}
