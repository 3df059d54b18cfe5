import { Injectable } from '@nestjs/common';
import { Environment } from '../../config/index.js';
import type { ClaimedEndpoint, DeliveryLease, LoggedRequest } from '../attempts/delivery-lease.js';
import { EndpointSecrets } from '../endpoints/endpoint-secrets.js';
import { shownUrl } from '../endpoints/shown-url.js';
import { webhookFormat, type FormatTarget } from '../formats/index.js';
import { signingKey } from '../signing/standard-webhooks.js';
import type { WebhookRequest } from '../transport/index.js';

const REDACTED = '[redacted]';

/** Headers that carry a credential whoever sets them. */
const CREDENTIALS = new Set(['authorization', 'cookie']);

/** Shorter settings, such as a region, tell nothing, and would be found in the middle of words. */
const LEAST_SECRET_LENGTH = 8;

/** What is sent, and what the log may keep of it. */
export interface PreparedRequest {
  request: WebhookRequest;
  /** The host that it goes to: all of the URL that traces may hold, as the rest may be a credential. */
  host: string;
  logged: LoggedRequest;
}

type ShownTarget = Pick<PreparedRequest, 'host'> & Pick<LoggedRequest, 'url'>;

/** An endpoint of which everything that was sealed is open. */
interface OpenedEndpoint {
  target: FormatTarget;
  /** The headers that it wants with every request. */
  headers: Readonly<Record<string, string>>;
  /** Those of its settings that no log may hold. */
  keys: readonly string[];
  shown: ShownTarget;
}

/** Makes the request of an attempt: opens what is sealed, and has the endpoint's format write and sign the event. */
@Injectable()
export class DeliveryRequests {
  private readonly opened = new WeakMap<ClaimedEndpoint, OpenedEndpoint>();

  constructor(
    private readonly secrets: EndpointSecrets,
    private readonly environment: Environment,
  ) {}

  /**
   * @param at when the attempt is made.
   * @returns null where the format has no word for the event.
   * @throws Error where something sealed does not open, or this version does not know the format.
   */
  prepare(lease: DeliveryLease, at: Date): PreparedRequest | null {
    const { target, headers: own, keys, shown } = this.open(lease);
    const { format } = lease.endpoint;
    const formatted = webhookFormat(format).format(lease, target, at);
    if (!formatted) return null;
    const { url = target.url, body } = formatted;
    const headers = withOwn(formatted.headers, own);
    const { host, url: shownAs } = url === target.url ? shown : shownTarget(url, format);
    const isAsStored = body === lease.body;
    const logged = {
      url: shownAs,
      headers: loggedHeaders(headers, own, keys),
      body: isAsStored ? null : without(keys, body),
    };
    return { request: { url, headers, body: isAsStored ? lease.bytes : Buffer.from(body, 'utf8') }, host, logged };
  }

  /** Once for all leases of a claim. */
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
      keys: Object.values(settings).filter(({ length }) => length >= LEAST_SECRET_LENGTH),
      shown: shownTarget(url, endpoint.format),
    };
    this.opened.set(endpoint, opened);
    return opened;
  }
}

function shownTarget(url: string, format: string): ShownTarget {
  return { url: shownUrl(url, format), host: URL.canParse(url) ? new URL(url).hostname : '' };
}

function withOwn(headers: Record<string, string>, own: Readonly<Record<string, string>>): Record<string, string> {
  return Object.keys(own).length === 0 ? headers : { ...own, ...headers };
}

function loggedHeaders(
  headers: Readonly<Record<string, string>>,
  own: Readonly<Record<string, string>>,
  keys: readonly string[],
): Readonly<Record<string, string>> {
  const names = Object.keys(headers);
  const isSecret = (name: string): boolean => Object.hasOwn(own, name) || CREDENTIALS.has(name.toLowerCase());
  if (keys.length === 0 && !names.some(isSecret)) return headers;
  return Object.fromEntries(
    names.map((name) => [name, isSecret(name) ? REDACTED : without(keys, headers[name]!)] as const),
  );
}

/** As JSON writes them, too. */
function without(keys: readonly string[], text: string): string {
  return keys.reduce(
    (kept, key) => kept.replaceAll(key, REDACTED).replaceAll(JSON.stringify(key).slice(1, -1), REDACTED),
    text,
  );
}
