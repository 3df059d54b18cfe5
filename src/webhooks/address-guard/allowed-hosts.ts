import { isIPv6 } from 'node:net';
import { EnvironmentError } from '../../config/index.js';

interface AllowedHost {
  hostname: string;
  /** Null: any port. */
  port: string | null;
}

/** The hosts that the deployment lets webhooks reach although the guard would refuse them. */
export class AllowedHosts {
  private readonly hosts: readonly AllowedHost[];

  /** @throws EnvironmentError when an entry is neither `host` nor `host:port`. */
  constructor(entries: readonly string[]) {
    this.hosts = entries.map(parseEntry);
  }

  /** Only the host as the URL names it counts: an allowed address does not allow the names that resolve to it. */
  has(hostname: string, port: string): boolean {
    const name = plainHostname(hostname);
    return this.hosts.some((host) => host.hostname === name && (host.port === null || host.port === port));
  }
}

/** A URL's hostname without an IPv6 literal's brackets and without the dot that ends a fully qualified name. */
export function plainHostname(hostname: string): string {
  return hostname
    .replace(/^\[(.*)\]$/, '$1')
    .replace(/\.$/, '')
    .toLowerCase();
}

function parseEntry(entry: string): AllowedHost {
  const [, host, port] = isIPv6(entry)
    ? [entry, `[${entry}]`]
    : (/^(\[[^\]]+\]|[^:[\]/?#@\s]+)(?::(\d{1,5}))?$/.exec(entry) ?? []);
  if (host === undefined || !URL.canParse(`http://${host}`))
    throw new EnvironmentError([
      'VEDETTE_WEBHOOK_ALLOWED_HOSTS must hold entries such as host, host:port or [::1]:port',
    ]);
  return {
    hostname: plainHostname(new URL(`http://${host}`).hostname),
    port: port === undefined ? null : String(Number(port)),
  };
}
