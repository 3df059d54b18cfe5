import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { Repository, type EntityManager } from 'typeorm';
import { Clock } from '../../common/clock.js';
import { conflict } from '../../common/errors/index.js';
import { isUuid, newId } from '../../common/ids.js';
import type { Page, PageRequest } from '../../common/pagination/index.js';
import { keysetPage, queryRows, Transactions } from '../../database/index.js';
import { Metrics } from '../../metrics/index.js';
import { WebhookWorker } from '../delivery/webhook-worker.js';
import type { DeliveryFilter } from './delivery-filter.js';
import { WebhookReplay } from './webhook-replay.entity.js';

/** Which deliveries to send again. Pending ones never match: they are sent anyway. */
export interface ReplayFilter extends DeliveryFilter {
  deliveryId?: string;
  completedSince?: Date;
}

/** The deliveries that match a filter. */
const MATCHING = `
  SELECT id FROM webhook_delivery
  WHERE organization_id = $1 AND status <> 'pending' AND event_type <> 'ping'
    AND ($2::uuid IS NULL OR id = $2) AND ($3::uuid IS NULL OR endpoint_id = $3) AND ($4::uuid IS NULL OR alert_id = $4)
    AND ($5::text[] IS NULL OR status = ANY ($5)) AND ($6::text IS NULL OR event_type = $6)
    AND ($7::timestamptz IS NULL OR created_at >= $7) AND ($8::timestamptz IS NULL OR created_at < $8)
    AND ($9::timestamptz IS NULL OR completed_at >= $9)`;

/** Locks deliveries in the order of their ids. Skips deliveries that became pending since the count. */
const REPLAY = `
  UPDATE webhook_delivery d
  SET status = 'pending', next_attempt_at = $10, completed_at = NULL, held_reason = NULL, replay_id = $11, attempts_before = attempt_count
  FROM (${MATCHING} ORDER BY id FOR UPDATE) chosen
  WHERE d.organization_id = $1 AND d.id = chosen.id RETURNING d.id`;

/**
 * Sends deliveries again, with their old id and the endpoint's current secret, even to a disabled endpoint. Replays do
 * not count for the endpoint's health. Each replay is recorded with the person who requestedFilter for it.
 */
@Injectable()
export class WebhookReplaysService {
  constructor(
    private readonly transactions: Transactions,
    @InjectRepository(WebhookReplay) private readonly replays: Repository<WebhookReplay>,
    private readonly worker: WebhookWorker,
    private readonly clock: Clock,
    private readonly metrics: Metrics,
  ) {}

  /** The number of deliveries that {@link replay} would send again now. */
  async count(organizationId: string, filter: ReplayFilter): Promise<number> {
    const [row] = await queryRows<{ count: number }>(
      this.replays.manager,
      `SELECT count(*)::integer AS count FROM (${MATCHING}) d`,
      parameters(organizationId, filter),
    );
    return row?.count ?? 0;
  }

  /**
   * @param requestedFilter the filter as the caller sent it, for the audit record.
   * @returns the number of deliveries to send again.
   */
  async replay(
    organizationId: string,
    filter: ReplayFilter,
    requestedFilter: Record<string, unknown>,
    actorId: string,
  ): Promise<number> {
    const count = await this.transactions.run((manager) =>
      this.write(manager, organizationId, filter, requestedFilter, actorId),
    );
    this.metrics.webhooksReplayed(count);
    return count;
  }

  /** @throws DomainError `conflict` if the delivery is pending or a ping. */
  async replayOne(organizationId: string, deliveryId: string, actorId: string): Promise<void> {
    const requestedFilter = { delivery_id: deliveryId };
    const count = isUuid(deliveryId) ? await this.replay(organizationId, { deliveryId }, requestedFilter, actorId) : 0;
    if (count === 0) {
      throw conflict('a pending delivery is sent anyway, and a ping cannot be replayed: test the webhook instead');
    }
  }

  /** Newest first. */
  list(organizationId: string, page: PageRequest): Promise<Page<WebhookReplay>> {
    const ofOrganization = this.replays
      .createQueryBuilder('replay')
      .where('replay.organizationId = :organizationId', { organizationId });
    return keysetPage(ofOrganization, 'requestedAt', 'DESC', page);
  }

  private async write(
    manager: EntityManager,
    organizationId: string,
    filter: ReplayFilter,
    requestedFilter: Record<string, unknown>,
    requestedBy: string,
  ): Promise<number> {
    const id = newId();
    const requestedAt = this.clock.now();
    const rows = await queryRows<{ id: string }>(manager, REPLAY, [
      ...parameters(organizationId, filter),
      requestedAt,
      id,
    ]);
    if (rows.length === 0) return 0;
    await manager.insert(WebhookReplay, {
      id,
      organizationId,
      filter: requestedFilter as object,
      deliveryCount: rows.length,
      requestedBy,
      requestedAt,
    });
    this.transactions.afterCommit(manager, () => this.worker.wake());
    return rows.length;
  }
}

function parameters(organizationId: string, filter: ReplayFilter): unknown[] {
  const { deliveryId, endpointId, alertId, statuses, eventType, since, until, completedSince } = filter;
  return [organizationId, deliveryId, endpointId, alertId, statuses, eventType, since, until, completedSince].map(
    (value) => value ?? null,
  );
}
