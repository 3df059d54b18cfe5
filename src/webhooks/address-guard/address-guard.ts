import { isIP } from 'node:net';
import { Injectable } from '@nestjs/common';
import { Environment } from '../../config/index.js';
import { addressKind } from './address-kind.js';
import { AddressRefusedError } from './address-refused.error.js';
import { AllowedHosts, plainHostname } from './allowed-hosts.js';
import { HostResolver } from './host-resolver.js';

const MAX_URL_LENGTH = 2048;

/** How long saving an endpoint waits for its name to resolve. After that, only the check at connect applies. */
const RESOLVE_ON_SAVE_MS = 3_000;

const DEFAULT_PORT: Partial<Record<string, string>> = { 'https:': '443', 'http:': '80' };

/** The destination of a socket, as an HTTP client knows it. */
export interface Destination {
  /** `https:` or `http:`. */
  protocol: string;
  hostname: string;
  /** Empty for the default port of the protocol. */
  port: string;
}

/**
 * Decides which addresses webhooks may reach. Saving an endpoint, testing it and delivering to it use this one guard.
 *
 * Loopback, link-local, metadata, multicast and reserved addresses are refused unless `VEDETTE_WEBHOOK_ALLOWED_HOSTS`
 * names the host. Private networks are refused unless `VEDETTE_WEBHOOK_ALLOW_PRIVATE` is set. Plain http needs an
 * allowed host.
 */
@Injectable()
export class AddressGuard {
  private readonly allowedHosts: AllowedHosts;
  private readonly allowPrivate: boolean;

  constructor(
    environment: Environment,
    private readonly resolver: HostResolver,
  ) {
    this.allowedHosts = new AllowedHosts(environment.VEDETTE_WEBHOOK_ALLOWED_HOSTS);
    this.allowPrivate = environment.VEDETTE_WEBHOOK_ALLOW_PRIVATE;
  }

  /**
   * Checks a URL without the network: its form, its scheme, and its address if it contains one.
   * @returns the URL to request.
   * @throws AddressRefusedError
   */
  checkUrl(text: string): URL {
    if (text.length > MAX_URL_LENGTH) {
      throw new AddressRefusedError('url', `the URL is longer than ${MAX_URL_LENGTH} characters`);
    }
    if (!URL.canParse(text)) throw new AddressRefusedError('url', 'it is not a URL');
    const url = new URL(text);
    if (url.username !== '' || url.password !== '') {
      throw new AddressRefusedError('url', 'the URL contains a user name or a password');
    }
    this.checkDestination(url);
    // HTTP requests never contain a fragment.
    url.hash = '';
    return url;
  }

  /**
   * Runs {@link checkUrl} and checks every current address of the name. A name that does not resolve is accepted,
   * because connecting checks again.
   * @throws AddressRefusedError
   */
  async checkForSaving(text: string): Promise<URL> {
    const url = this.checkUrl(text);
    if (this.isAllowed(url) || isIP(plainHostname(url.hostname))) return url;
    const addresses = await this.addressesNow(url.hostname);
    this.checkResolved(url.hostname, addresses);
    return url;
  }

  /**
   * Runs {@link checkDestination} and checks every address that the name has here. If only the proxy can resolve the
   * name, it passes, and the proxy must apply the same rules.
   * @throws AddressRefusedError
   */
  async checkBeforeProxy(destination: Destination): Promise<void> {
    this.checkDestination(destination);
    if (this.isAllowed(destination) || isIP(plainHostname(destination.hostname))) return;
    this.checkResolved(destination.hostname, await this.addressesNow(destination.hostname));
  }

  /**
   * Checks the scheme, and the address if the host is a literal.
   * @throws AddressRefusedError
   */
  checkDestination(destination: Destination): void {
    if (!(destination.protocol in DEFAULT_PORT)) {
      throw new AddressRefusedError('scheme', `${destination.protocol}// is not https://`);
    }
    if (this.isAllowed(destination)) return;
    const hostname = plainHostname(destination.hostname);
    if (isIP(hostname)) this.checkAddress(hostname, hostname);
    // RFC 6761: such a name always means the machine itself.
    if (hostname === 'localhost' || hostname.endsWith('.localhost')) {
      throw new AddressRefusedError('loopback', `${hostname} is loopback`);
    }
    if (destination.protocol !== 'https:') {
      throw new AddressRefusedError('scheme', `http:// to ${hostname} is not https://`);
    }
  }

  /**
   * Checks all addresses of a name. One refused address refuses the name, because the client may use any of them.
   * @throws AddressRefusedError
   */
  checkResolved(hostname: string, addresses: readonly string[]): void {
    for (const address of addresses) {
      this.checkAddress(address, `${plainHostname(hostname)} resolves to ${address}, which`);
    }
  }

  /** Whether the deployment allows this host with any address. */
  isAllowed({ protocol, hostname, port }: Destination): boolean {
    return this.allowedHosts.has(hostname, port || (DEFAULT_PORT[protocol] ?? ''));
  }

  private checkAddress(address: string, subject: string): void {
    const kind = addressKind(address);
    if (kind === 'public' || (kind === 'private' && this.allowPrivate)) return;
    throw new AddressRefusedError(kind, `${subject} is ${kind}`);
  }

  private async addressesNow(hostname: string): Promise<string[]> {
    let timer: NodeJS.Timeout | undefined;
    const tooLong = new Promise<[]>((resolve) => {
      timer = setTimeout(resolve, RESOLVE_ON_SAVE_MS, []);
    });
    try {
      const found = await Promise.race([this.resolver.resolve(hostname).catch(() => []), tooLong]);
      return found.map(({ address }) => address);
    } finally {
      clearTimeout(timer);
    }
  }
}
