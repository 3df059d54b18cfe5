import type { LookupAddress } from 'node:dns';
import type { LookupFunction } from 'node:net';
import { buildConnector } from 'undici';
import type { AddressGuard } from './address-guard.js';
import type { HostResolver } from './host-resolver.js';

/**
 * Opens undici's sockets behind the guard. Names are checked in the lookup of the socket itself, because a name could
 * resolve differently after an earlier check. Literals are checked here, because they need no lookup.
 */
export function guardedConnector(
  guard: AddressGuard,
  resolver: HostResolver,
  timeoutMs: number,
): buildConnector.connector {
  const connectToAllowed = buildConnector({ timeout: timeoutMs, lookup: lookupWith(resolver, () => {}) });
  const connectChecked = buildConnector({
    timeout: timeoutMs,
    lookup: lookupWith(resolver, (hostname, addresses) => guard.checkResolved(hostname, addresses)),
  });
  return (options, callback) => {
    try {
      guard.checkDestination(options);
    } catch (error) {
      callback(error as Error, null);
      return;
    }
    const connect = guard.isAllowed(options) ? connectToAllowed : connectChecked;
    connect(options, callback);
  };
}

type CheckAddresses = (hostname: string, addresses: readonly string[]) => void;

function lookupWith(resolver: HostResolver, check: CheckAddresses): LookupFunction {
  return (hostname, options, callback) => {
    resolver
      .resolve(hostname, options)
      .then((addresses) => {
        check(
          hostname,
          addresses.map(({ address }) => address),
        );
        return addresses;
      })
      .then(
        // `nextTick` leaves the promise chain, so that an error thrown by the socket is not reported as a failed
        // lookup.
        (addresses) => process.nextTick(answer, addresses),
        (error: NodeJS.ErrnoException) => process.nextTick(callback, error, ''),
      );

    function answer(addresses: LookupAddress[]): void {
      const [first] = addresses;
      if (options.all) callback(null, addresses);
      else if (first) callback(null, first.address, first.family);
      else callback(Object.assign(new Error('the name has no address'), { code: 'ENOTFOUND' }), '');
    }
  };
}
