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

/** How long the signing secret before a rotation signs along. */
const SECRET_OVERLAP_MS = 24 * 3_600_000;

export interface EndpointInput {
  name: string;
  url: string;
  /** Empty for an endpoint that only rules of its own use. */
  events: SubscribableEvent[];
  format: WebhookFormatCode;
  isEnabled: boolean;
  /** Null or left out: of any severity. */
  minSeverity?: Severity | null;
  /** Empty or left out: of any type of rule. */
  ruleTypes?: string[];
  /** Whether the events of one alert go one after the other. */
  isOrdered?: boolean;
  /** Headers that go along with every request. Given anew, they replace all that were there. */
  headers?: Record<string, string>;
  /** The format's own settings. Given anew, they replace all that were there. */
  settings?: Record<string, unknown>;
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
    private readonly secrets: EndpointSecrets,
    private readonly store: DeliveryStore,
    private readonly clock: Clock,
    @Inject(KNOWN_RULE_TYPES) private readonly knownRuleTypes: readonly string[],
  ) {}

  /** @throws DomainError `invalid_input` naming `url`, `rule_types`, `headers` or `settings`. */
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
   * Changes what is given and nothing else. Another format starts without the settings of the one before. Enabling sends at once what was held meanwhile.
   * @throws DomainError `not_found`, or `invalid_input` naming `url`, `rule_types`, `headers` or `settings`.
   */
  async update(organizationId: string, id: string, changes: Partial<EndpointInput>): Promise<WebhookEndpoint> {
    const before = await this.get(organizationId, id);
    const given = Object.fromEntries(
      Object.entries(changes).filter(([, value]) => value !== undefined),
    ) as Partial<EndpointInput>;
    if (given.format !== undefined && given.format !== before.format) given.settings ??= {};
    const columns = await this.columns(id, given, given.format ?? before.format);
    if (given.isEnabled !== undefined) columns.disabledReason = null;
    if (Object.keys(given).length > 0)
      await this.endpoints.update({ organizationId, id }, { ...columns, updatedAt: this.clock.now() });
    if (given.isEnabled && !before.isEnabled) await this.store.restart(organizationId, id, this.clock.now());
    return this.get(organizationId, id);
  }

  /**
   * Gives the endpoint a new signing secret. The one before signs along for 24 hours, so that a receiver can take over the new one at its leisure.
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
   * Deletes the endpoint with its deliveries; rules that used it lose it.
   * @throws DomainError `not_found`
   */
  async delete(organizationId: string, id: string): Promise<void> {
    await this.get(organizationId, id);
    await this.endpoints.delete({ organizationId, id });
  }

  /** What is given, checked, as the row keeps it. */
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
