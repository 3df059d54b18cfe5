import { Inject, Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { Repository } from 'typeorm';
import type { Severity } from '../../common/alerting.js';
import { Clock } from '../../common/clock.js';
import { invalidField, invalidInput, notFound } from '../../common/errors/index.js';
import { isUuid, newId } from '../../common/ids.js';
import type { Page, PageRequest } from '../../common/pagination/index.js';
import { KNOWN_RULE_TYPES, ruleTypeProblems } from '../../common/rule-types.js';
import { keysetPage } from '../../database/index.js';
import { AddressGuard, AddressRefusedError } from '../address-guard/index.js';
import { DeliveryStore } from '../delivery/delivery-store.js';
import { headerProblems, normalHeaders } from '../endpoints/custom-headers.js';
import { EndpointSecrets } from '../endpoints/endpoint-secrets.js';
import { WebhookEndpoint } from '../endpoints/webhook-endpoint.entity.js';
import type { SubscribableEvent } from '../endpoints/webhook-events.js';
import { settingsProblems, webhookFormat, type WebhookFormatCode } from '../formats/index.js';
import { newSigningSecret } from '../signing/standard-webhooks.js';

/** How long deliveries are signed with the old secret too after a rotation. */
const SECRET_OVERLAP_MS = 24 * 3_600_000;

export interface EndpointInput {
  name: string;
  url: string;
  /** Empty for an endpoint that only certain rules use, as their direct endpoint. */
  events: SubscribableEvent[];
  format: WebhookFormatCode;
  isEnabled: boolean;
  /** Null or omitted: any severity. */
  minSeverity?: Severity | null;
  /** Empty or omitted: any rule type. */
  ruleTypes?: string[];
  /** Whether the events of one alert are sent strictly one after the other. */
  isOrdered?: boolean;
  /** Extra headers for every request. A new value replaces all earlier headers. */
  headers?: Record<string, string>;
  /** Settings of the format. A new value replaces all earlier settings. */
  settings?: Record<string, unknown>;
}

export interface CreatedEndpoint {
  endpoint: WebhookEndpoint;
  /** Shown only once. */
  secret: string;
}

/** The endpoints of an organisation. */
@Injectable()
export class WebhookEndpointsService {
  constructor(
    @InjectRepository(WebhookEndpoint) private readonly endpoints: Repository<WebhookEndpoint>,
    private readonly guard: AddressGuard,
    private readonly secrets: EndpointSecrets,
    private readonly store: DeliveryStore,
    private readonly clock: Clock,
    @Inject(KNOWN_RULE_TYPES) private readonly knownRuleTypes: readonly string[],
  ) {}

  /** @throws DomainError `invalid_input` with the field `url`, `rule_types`, `headers` or `settings`. */
  async create(organizationId: string, input: EndpointInput, createdBy: string | null): Promise<CreatedEndpoint> {
    const id = newId();
    const secret = newSigningSecret();
    const now = this.clock.now();
    const endpoint = this.endpoints.create({
      ...(await this.columns(id, { settings: {}, ...input }, input.format)),
      id,
      organizationId,
      secretCiphertext: this.secrets.seal(id, 'secret', secret),
      createdBy,
      createdAt: now,
      updatedAt: now,
    });
    await this.endpoints.insert(endpoint);
    return { endpoint: await this.get(organizationId, id), secret };
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
   * Changes only the given properties. A new format starts without settings.
   * Enabling an endpoint sends the deliveries that were on hold.
   * @throws DomainError `not_found`, or `invalid_input` with the field `url`, `rule_types`, `headers` or `settings`.
   */
  async update(organizationId: string, id: string, changes: Partial<EndpointInput>): Promise<WebhookEndpoint> {
    const before = await this.get(organizationId, id);
    const given = Object.fromEntries(
      Object.entries(changes).filter(([, value]) => value !== undefined),
    ) as Partial<EndpointInput>;
    if (given.format !== undefined && given.format !== before.format) given.settings ??= {};
    const columns = await this.columns(id, given, given.format ?? before.format);
    if (given.isEnabled !== undefined) columns.disabledReason = null;
    if (Object.keys(given).length > 0) {
      await this.endpoints.update({ organizationId, id }, { ...columns, updatedAt: this.clock.now() });
    }
    if (given.isEnabled && !before.isEnabled) await this.store.restart(organizationId, id, this.clock.now());
    return this.get(organizationId, id);
  }

  /**
   * Gives the endpoint a new signing secret. Deliveries are also signed with the old one for 24 hours, so that the
   * receiver has time to switch.
   * @throws DomainError `not_found`
   */
  async rotateSecret(organizationId: string, id: string): Promise<CreatedEndpoint> {
    const { secretCiphertext } = await this.get(organizationId, id);
    const secret = newSigningSecret();
    const now = this.clock.now();
    await this.endpoints.update(
      { organizationId, id },
      {
        secretCiphertext: this.secrets.seal(id, 'secret', secret),
        previousSecretCiphertext: secretCiphertext,
        previousSecretUntil: new Date(now.getTime() + SECRET_OVERLAP_MS),
        updatedAt: now,
      },
    );
    return { endpoint: await this.get(organizationId, id), secret };
  }

  /**
   * Deletes the endpoint with its deliveries, and removes it from rules that used it.
   * @throws DomainError `not_found`
   */
  async delete(organizationId: string, id: string): Promise<void> {
    await this.get(organizationId, id);
    await this.endpoints.delete({ organizationId, id });
  }

  /** Validates the input and converts it to columns. */
  private async columns(
    id: string,
    { url, headers, settings, ...plain }: Partial<EndpointInput>,
    format: string,
  ): Promise<Partial<WebhookEndpoint>> {
    const problems = [
      ...ruleTypeProblems(plain.ruleTypes ?? [], this.knownRuleTypes),
      ...(headers === undefined ? [] : headerProblems(headers)),
      ...(settings === undefined ? [] : settingsProblems(webhookFormat(format), settings)),
    ];
    if (problems.length > 0) throw invalidInput(problems);
    const columns: Partial<WebhookEndpoint> = { ...plain };
    if (plain.events) columns.events = [...new Set(plain.events)];
    if (plain.ruleTypes) columns.ruleTypes = [...new Set(plain.ruleTypes)];
    if (url !== undefined) columns.url = this.secrets.seal(id, 'url', await this.acceptableUrl(url));
    if (headers !== undefined) {
      const normal = normalHeaders(headers);
      columns.headerNames = Object.keys(normal);
      columns.headersCiphertext = this.secrets.sealRecord(id, 'headers', normal);
    }
    if (settings !== undefined) {
      const set = Object.entries(settings).filter((entry): entry is [string, string] => typeof entry[1] === 'string');
      columns.settingNames = set.map(([name]) => name);
      columns.settingsCiphertext = this.secrets.sealRecord(id, 'settings', Object.fromEntries(set));
    }
    return columns;
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
