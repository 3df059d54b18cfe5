import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { In, Repository } from 'typeorm';
import { notFound } from '../common/errors/index.js';
import { isUuid } from '../common/ids.js';
import type { Page } from '../common/pagination/index.js';
import { WebhookAttempt } from './webhook-attempt.entity.js';
import { decodeCreatedCursor, encodeCreatedCursor } from './webhook-cursor.js';
import { WebhookDelivery } from './webhook-delivery.entity.js';
import type { DeliveryStatus } from './webhook-delivery-status.js';

export interface DeliveryWithAttempts {
  delivery: WebhookDelivery;
  /** First to last. */
  attempts: WebhookAttempt[];
}

export interface DeliveryWithLastAttempt {
  delivery: WebhookDelivery;
  lastAttempt: WebhookAttempt | null;
}

export interface DeliveriesRequest {
  limit: number;
  offset?: number;
  cursor?: string;
  status?: DeliveryStatus;
}

/** The log of what was sent to an endpoint and what came of it. */
@Injectable()
export class WebhookDeliveriesService {
  constructor(
    @InjectRepository(WebhookDelivery) private readonly deliveries: Repository<WebhookDelivery>,
    @InjectRepository(WebhookAttempt) private readonly attempts: Repository<WebhookAttempt>,
  ) {}

  /** Newest first. The endpoint is one that the caller has found in the organisation. */
  async list(
    organizationId: string,
    endpointId: string,
    request: DeliveriesRequest,
  ): Promise<Page<DeliveryWithLastAttempt>> {
    const { limit, offset = 0, cursor, status } = request;
    const query = this.deliveries
      .createQueryBuilder('d')
      .where('d.organization_id = :organizationId AND d.endpoint_id = :endpointId', { organizationId, endpointId });
    if (status !== undefined) query.andWhere('d.status = :status', { status });
    const total = await query.getCount();
    if (cursor !== undefined) {
      query.andWhere('(d.created_at, d.id) < (:createdAt, :id)', decodeCreatedCursor(cursor));
    }
    const rows = await query
      .orderBy('d.created_at', 'DESC')
      .addOrderBy('d.id', 'DESC')
      .offset(offset)
      .limit(limit + 1)
      .getMany();
    const items = await this.withLastAttempts(organizationId, rows.slice(0, limit));
    const last = items.at(-1)?.delivery;
    return { items, total, nextCursor: rows.length > limit && last ? encodeCreatedCursor(last) : null };
  }

  /** @throws DomainError `not_found` */
  async get(organizationId: string, endpointId: string, id: string): Promise<DeliveryWithAttempts> {
    const delivery = isUuid(id) ? await this.deliveries.findOneBy({ organizationId, endpointId, id }) : null;
    if (!delivery) throw notFound('delivery', id);
    const attempts = await this.attempts.find({
      where: { organizationId, deliveryId: id },
      order: { attempt: 'ASC', startedAt: 'ASC', id: 'ASC' },
    });
    return { delivery, attempts };
  }

  private async withLastAttempts(
    organizationId: string,
    deliveries: WebhookDelivery[],
  ): Promise<DeliveryWithLastAttempt[]> {
    const attempts = await this.attempts
      .createQueryBuilder('a')
      .distinctOn(['a.delivery_id'])
      .where({ organizationId, deliveryId: In(deliveries.map(({ id }) => id)) })
      .orderBy('a.delivery_id')
      .addOrderBy('a.attempt', 'DESC')
      .addOrderBy('a.id', 'DESC')
      .getMany();
    const lastOf = new Map(attempts.map((attempt) => [attempt.deliveryId, attempt]));
    return deliveries.map((delivery) => ({ delivery, lastAttempt: lastOf.get(delivery.id) ?? null }));
  }
}
