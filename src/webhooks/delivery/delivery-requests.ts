import { Injectable } from '@nestjs/common';
import { BoundedCache } from '../../common/bounded-cache.js';
import { Environment } from '../../config/index.js';
import { EndpointSecrets } from '../endpoint-secrets.js';
import { webhookFormat } from '../formats/index.js';
import { shownUrl } from '../shown-url.js';
import type { WebhookRequest } from '../transport/index.js';
import type { DeliveryLease, LoggedRequest } from './delivery-lease.js';

const REDACTED = '[redacted]';

/** Headers that carry a credential whoever sets them. */
const CREDENTIALS = new Set(['authorization', 'cookie']);

/** Shorter settings, such as a region, tell nothing, and would be found in the middle of words. */
const LEAST_SECRET_LENGTH = 8;

/** How many addresses are remembered as the log shows them. */
const SHOWN_KEPT = 2_000;

/** What is sent, and what the log may keep of it. */
export interface PreparedRequest {
  request: WebhookRequest;
  /** The host that it goes to: all of the URL that traces may hold, as the rest may be a credential. */
  host: string;
  logged: LoggedRequest;
}

type ShownTarget = Pick<PreparedRequest, 'host'> & Pick<LoggedRequest, 'url'>;

/** Makes the request of an attempt: opens what is sealed, and has the endpoint's format write and sign the event. */
@Injectable()
export class DeliveryRequests {
  private readonly shown = new BoundedCache<ShownTarget>(SHOWN_KEPT);

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
    const { endpointId, format } = lease;
    const url = this.secrets.open(endpointId, 'url', lease.url);
    const own = this.secrets.openRecord(endpointId, 'headers', lease.headersCiphertext);
    const settings = this.secrets.openRecord(endpointId, 'settings', lease.settingsCiphertext);
    const signing = [lease.secretCiphertext, lease.previousSecretCiphertext]
      .filter((sealed) => sealed !== null)
      .map((sealed) => this.secrets.open(endpointId, 'secret', sealed));
    const publicUrl = this.environment.VEDETTE_PUBLIC_URL ?? null;
    const formatted = webhookFormat(format).format(lease, { url, settings, secrets: signing, publicUrl }, at);
    if (!formatted) return null;
    const request = {
      url: formatted.url ?? url,
      headers: { ...own, ...formatted.headers },
      body: formatted.body,
    };
    const keys = Object.values(settings).filter(({ length }) => length >= LEAST_SECRET_LENGTH);
    const body = request.body === lease.body ? null : without(keys, request.body);
    const { url: shownAs, host } = this.shown.get(`${format} ${request.url}`, () => ({
      url: shownUrl(request.url, format),
      host: hostOf(request.url),
    }));
    return {
      request,
      host,
      logged: { url: shownAs, headers: loggedHeaders(request.headers, own, keys), body },
    };
  }
}

function hostOf(url: string): string {
  return URL.canParse(url) ? new URL(url).hostname : '';
}

function loggedHeaders(
  headers: Readonly<Record<string, string>>,
  own: Readonly<Record<string, string>>,
  keys: readonly string[],
): Record<string, string> {
  const logged: Record<string, string> = {};
  for (const name of Object.keys(headers))
    logged[name] =
      Object.hasOwn(own, name) || CREDENTIALS.has(name.toLowerCase()) ? REDACTED : without(keys, headers[name]!);
  return logged;
}

/** As JSON writes them, too. */
function without(keys: readonly string[], text: string): string {
  return keys.reduce(
    (kept, key) => kept.replaceAll(key, REDACTED).replaceAll(JSON.stringify(key).slice(1, -1), REDACTED),
    text,
  );
}
