import { Injectable } from '@nestjs/common';
import { Environment } from '../../config/index.js';
import type { ClaimedEndpoint, DeliveryLease, LoggedRequest } from '../attempts/delivery-lease.js';
import { EndpointSecrets } from '../endpoints/endpoint-secrets.js';
import { shownUrl } from '../endpoints/shown-url.js';
import { webhookFormat, type FormatTarget } from '../formats/index.js';
import { signingKey } from '../signing/standard-webhooks.js';
import type { WebhookRequest } from '../transport/index.js';

const REDACTED = '[redacted]';

/** Headers that always contain a credential. */
const CREDENTIAL_HEADERS = new Set(['authorization', 'cookie']);

/** Shorter settings, such as a region, are no secrets, and they could match parts of other words. */
const MIN_SECRET_LENGTH = 8;

/** The request to send, and the version of it for the log. */
export interface PreparedRequest {
  request: WebhookRequest;
  /** The host name of the URL. Traces must not contain more, because the rest may be a credential. */
  host: string;
  logged: LoggedRequest;
}

type ShownTarget = Pick<PreparedRequest, 'host'> & Pick<LoggedRequest, 'url'>;

/** An endpoint after decryption. */
interface OpenedEndpoint {
  target: FormatTarget;
  /** The custom headers of the endpoint. */
  headers: Readonly<Record<string, string>>;
  /** The settings that no log may contain. */
  secretSettings: readonly string[];
  shown: ShownTarget;
}

/** Builds the request of an attempt: decrypts the endpoint's secrets, then its format writes and signs the event. */
@Injectable()
export class DeliveryRequests {
  private readonly opened = new WeakMap<ClaimedEndpoint, OpenedEndpoint>();

  constructor(
    private readonly secrets: EndpointSecrets,
    private readonly environment: Environment,
  ) {}

  /**
   * @param at the time of the attempt.
   * @returns null if the format does not support the event.
   * @throws Error if decryption fails, or if this version does not know the format.
   */
  prepare(lease: DeliveryLease, at: Date): PreparedRequest | null {
    const { target, headers: customHeaders, secretSettings, shown } = this.open(lease);
    const { format } = lease.endpoint;
    const formatted = webhookFormat(format).format(lease, target, at);
    if (!formatted) return null;
    const { url = target.url, body } = formatted;
    const headers = withCustomHeaders(formatted.headers, customHeaders);
    const { host, url: loggedUrl } = url === target.url ? shown : shownTarget(url, format);
    const isAsStored = body === lease.body;
    const logged = {
      url: loggedUrl,
      headers: loggedHeaders(headers, customHeaders, secretSettings),
      body: isAsStored ? null : redact(secretSettings, body),
    };
    return { request: { url, headers, body: isAsStored ? lease.bytes : Buffer.from(body, 'utf8') }, host, logged };
  }

  /** Runs once for all leases of a claim, thanks to the cache. */
  private open({ endpointId, endpoint }: DeliveryLease): OpenedEndpoint {
    const known = this.opened.get(endpoint);
    if (known) return known;
    const url = this.secrets.open(endpointId, 'url', endpoint.url);
    const settings = this.secrets.openRecord(endpointId, 'settings', endpoint.settingsCiphertext);
    const signingKeys = [endpoint.secretCiphertext, endpoint.previousSecretCiphertext]
      .filter((sealed) => sealed !== null)
      .map((sealed) => signingKey(this.secrets.open(endpointId, 'secret', sealed)));
    const publicUrl = this.environment.VEDETTE_PUBLIC_URL ?? null;
    const opened = {
      target: { url, settings, signingKeys, publicUrl },
      headers: this.secrets.openRecord(endpointId, 'headers', endpoint.headersCiphertext),
      secretSettings: Object.values(settings).filter(({ length }) => length >= MIN_SECRET_LENGTH),
      shown: shownTarget(url, endpoint.format),
    };
    this.opened.set(endpoint, opened);
    return opened;
  }
}

function shownTarget(url: string, format: string): ShownTarget {
  return { url: shownUrl(url, format), host: URL.canParse(url) ? new URL(url).hostname : '' };
}

function withCustomHeaders(
  headers: Record<string, string>,
  customHeaders: Readonly<Record<string, string>>,
): Record<string, string> {
  return Object.keys(customHeaders).length === 0 ? headers : { ...customHeaders, ...headers };
}

function loggedHeaders(
  headers: Readonly<Record<string, string>>,
  customHeaders: Readonly<Record<string, string>>,
  secretSettings: readonly string[],
): Readonly<Record<string, string>> {
  const names = Object.keys(headers);
  const isSecret = (name: string): boolean =>
    Object.hasOwn(customHeaders, name) || CREDENTIAL_HEADERS.has(name.toLowerCase());
  if (secretSettings.length === 0 && !names.some(isSecret)) return headers;
  return Object.fromEntries(
    names.map((name) => [name, isSecret(name) ? REDACTED : redact(secretSettings, headers[name]!)] as const),
  );
}

/** Also redacts keys in their JSON form. */
function redact(secretSettings: readonly string[], text: string): string {
  return secretSettings.reduce(
    (kept, key) => kept.replaceAll(key, REDACTED).replaceAll(JSON.stringify(key).slice(1, -1), REDACTED),
    text,
  );
}
