import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { In, Repository } from 'typeorm';
import { notFound } from '../../common/errors/index.js';
import { isUuid } from '../../common/ids.js';
import type { Page, PageRequest } from '../../common/pagination/index.js';
import { keysetPage } from '../../database/index.js';
import { WebhookAttempt } from '../attempts/webhook-attempt.entity.js';
import type { DeliveryStatus } from '../attempts/webhook-delivery-status.js';
import { WebhookDelivery } from '../attempts/webhook-delivery.entity.js';
import { WebhookEvent } from '../attempts/webhook-event.entity.js';
import type { DeliveryFilter } from './delivery-filter.js';

export interface DeliveryWithAttempts {
  delivery: WebhookDelivery;
  /** The exact text that is signed and sent. */
  body: string;
  /** Oldest first. */
  attempts: WebhookAttempt[];
}

export interface DeliveryWithLastAttempt {
  delivery: WebhookDelivery;
  lastAttempt: WebhookAttempt | null;
}

export interface DeliveriesRequest extends PageRequest {
  status?: DeliveryStatus;
}

/** The delivery log: what was sent to endpoints, and the result of each attempt. */
@Injectable()
export class WebhookDeliveriesService {
  constructor(
    @InjectRepository(WebhookDelivery) private readonly deliveries: Repository<WebhookDelivery>,
    @InjectRepository(WebhookEvent) private readonly events: Repository<WebhookEvent>,
    @InjectRepository(WebhookAttempt) private readonly attempts: Repository<WebhookAttempt>,
  ) {}

  /** Newest first. The caller has already found the endpoint in the organisation. */
  async list(
    organizationId: string,
    endpointId: string,
    request: DeliveriesRequest,
  ): Promise<Page<DeliveryWithLastAttempt>> {
    const { status, ...page } = request;
    const ofEndpoint = this.deliveries
      .createQueryBuilder('delivery')
      .where('delivery.organizationId = :organizationId AND delivery.endpointId = :endpointId', {
        organizationId,
        endpointId,
      });
    if (status !== undefined) ofEndpoint.andWhere('delivery.status = :status', { status });
    const { items, ...rest } = await keysetPage(ofEndpoint, 'createdAt', 'DESC', page);
    return { ...rest, items: await this.withLastAttempts(organizationId, items) };
  }

  /** The log of all endpoints of the organisation, newest first. */
  async search(
    organizationId: string,
    filter: DeliveryFilter,
    page: PageRequest,
  ): Promise<Page<DeliveryWithLastAttempt>> {
    const { endpointId, alertId, statuses, eventType, since, until } = filter;
    const matching = this.deliveries
      .createQueryBuilder('delivery')
      .where('delivery.organizationId = :organizationId', { organizationId });
    if (endpointId !== undefined) matching.andWhere('delivery.endpointId = :endpointId', { endpointId });
    if (alertId !== undefined) matching.andWhere('delivery.alertId = :alertId', { alertId });
    if (statuses !== undefined) matching.andWhere('delivery.status = ANY (:statuses)', { statuses });
    if (eventType !== undefined) matching.andWhere('delivery.eventType = :eventType', { eventType });
    if (since !== undefined) matching.andWhere('delivery.createdAt >= :since', { since });
    if (until !== undefined) matching.andWhere('delivery.createdAt < :until', { until });
    const { items, ...rest } = await keysetPage(matching, 'createdAt', 'DESC', page);
    return { ...rest, items: await this.withLastAttempts(organizationId, items) };
  }

  /** @throws DomainError `not_found` */
  async get(organizationId: string, endpointId: string, id: string): Promise<DeliveryWithAttempts> {
    const found = await this.find(organizationId, id);
    if (found.delivery.endpointId !== endpointId) throw notFound('delivery', id);
    return found;
  }

  /**
   * Finds a delivery to any endpoint of the organisation.
   * @throws DomainError `not_found`
   */
  async find(organizationId: string, id: string): Promise<DeliveryWithAttempts> {
    const delivery = isUuid(id) ? await this.deliveries.findOneBy({ organizationId, id }) : null;
    if (!delivery) throw notFound('delivery', id);
    const { body } = await this.events.findOneByOrFail({ organizationId, id: delivery.eventId });
    const attempts = await this.attempts.find({
      where: { organizationId, deliveryId: id },
      order: { attempt: 'ASC', startedAt: 'ASC', id: 'ASC' },
    });
    return { delivery, body, attempts };
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
