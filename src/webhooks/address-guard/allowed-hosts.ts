import { isIPv6 } from 'node:net';
import { EnvironmentError } from '../../config/index.js';

interface AllowedHost {
  hostname: string;
  /** Null: any port. */
  port: string | null;
}

/** The hosts that webhooks may reach although the guard would refuse them. */
export class AllowedHosts {
  private readonly hosts: readonly AllowedHost[];

  /** @throws EnvironmentError if an entry is neither `host` nor `host:port`. */
  constructor(entries: readonly string[]) {
    this.hosts = entries.map(parseEntry);
  }

  /** Compares only the host of the URL: an allowed address does not allow names that resolve to it. */
  has(hostname: string, port: string): boolean {
    const name = plainHostname(hostname);
    return this.hosts.some((host) => host.hostname === name && (host.port === null || host.port === port));
  }
}

/** A hostname without the brackets of an IPv6 literal and without a final dot. */
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
  if (host === undefined || !URL.canParse(`http://${host}`)) {
    throw new EnvironmentError([
      'VEDETTE_WEBHOOK_ALLOWED_HOSTS must contain entries such as host, host:port or [::1]:port',
    ]);
  }
  return {
    hostname: plainHostname(new URL(`http://${host}`).hostname),
    port: port === undefined ? null : String(Number(port)),
  };
}
