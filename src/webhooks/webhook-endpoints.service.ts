import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { Repository } from 'typeorm';
import { Clock } from '../common/clock.js';
import { invalidField, notFound } from '../common/errors/index.js';
import { isUuid, newId } from '../common/ids.js';
import type { Page, PageRequest } from '../common/pagination/index.js';
import { SecretBox } from '../common/secret-box.js';
import { keysetPage } from '../database/index.js';
import { AddressGuard, AddressRefusedError } from './address-guard/index.js';
import type { WebhookFormatCode } from './formats/index.js';
import { newSigningSecret } from './signing/standard-webhooks.js';
import { WebhookEndpoint } from './webhook-endpoint.entity.js';
import type { SubscribableEvent } from './webhook-events.js';

export interface EndpointInput {
  name: string;
  url: string;
  /** Empty for an endpoint that only rules of its own use. */
  events: SubscribableEvent[];
  format: WebhookFormatCode;
  isEnabled: boolean;
}

export interface CreatedEndpoint {
  endpoint: WebhookEndpoint;
  /** Shown this once. */
  secret: string;
}

/** The endpoints of an organisation. */
@Injectable()
export class WebhookEndpointsService {
  constructor(
    @InjectRepository(WebhookEndpoint) private readonly endpoints: Repository<WebhookEndpoint>,
    private readonly guard: AddressGuard,
    private readonly secretBox: SecretBox,
    private readonly clock: Clock,
  ) {}

  /** @throws DomainError `invalid_input` naming `url` when the address guard refuses it. */
  async create(organizationId: string, input: EndpointInput, createdBy: string | null): Promise<CreatedEndpoint> {
    const id = newId();
    const secret = newSigningSecret();
    const now = this.clock.now();
    const endpoint = this.endpoints.create({
      ...input,
      id,
      organizationId,
      url: await this.acceptableUrl(input.url),
      events: [...new Set(input.events)],
      secretCiphertext: this.secretBox.seal(secret, id),
      createdBy,
      createdAt: now,
      updatedAt: now,
    });
    await this.endpoints.insert(endpoint);
    return { endpoint, secret };
  }

  /** Oldest first. */
  list(organizationId: string, page: PageRequest): Promise<Page<WebhookEndpoint>> {
    const ofOrganization = this.endpoints
      .createQueryBuilder('endpoint')
      .where('endpoint.organizationId = :organizationId', { organizationId });
    return keysetPage(ofOrganization, 'createdAt', 'ASC', page);
  }

  /** @throws DomainError `not_found` */
  async get(organizationId: string, id: string): Promise<WebhookEndpoint> {
    const endpoint = isUuid(id) ? await this.endpoints.findOneBy({ organizationId, id }) : null;
    if (!endpoint) throw notFound('webhook', id);
    return endpoint;
  }

  /**
   * Changes what is given and nothing else.
   * @throws DomainError `not_found`, or `invalid_input` naming `url`.
   */
  async update(organizationId: string, id: string, changes: Partial<EndpointInput>): Promise<WebhookEndpoint> {
    await this.get(organizationId, id);
    const given = Object.fromEntries(
      Object.entries(changes).filter(([, value]) => value !== undefined),
    ) as Partial<EndpointInput>;
    if (given.url !== undefined) given.url = await this.acceptableUrl(given.url);
    if (given.events) given.events = [...new Set(given.events)];
    if (Object.keys(given).length > 0)
      await this.endpoints.update({ organizationId, id }, { ...given, updatedAt: this.clock.now() });
    return this.get(organizationId, id);
  }

  /**
   * Deletes the endpoint with its deliveries; rules that used it lose it.
   * @throws DomainError `not_found`
   */
  async delete(organizationId: string, id: string): Promise<void> {
    await this.get(organizationId, id);
    await this.endpoints.delete({ organizationId, id });
  }

  private async acceptableUrl(text: string): Promise<string> {
    try {
      return (await this.guard.checkForSaving(text)).href;
    } catch (error) {
      if (!(error instanceof AddressRefusedError)) throw error;
      throw invalidField(
        'url',
        `must be an https URL of a host that webhooks may reach: ${error.reason} (VEDETTE_WEBHOOK_ALLOWED_HOSTS can name exceptions)`,
      );
    }
  }
}
