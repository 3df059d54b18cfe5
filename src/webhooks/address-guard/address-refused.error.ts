import type { AddressKind } from './address-kind.js';

/** Why an address is refused; a fixed set, so that it can be a metric label. */
export type RefusalTier = 'url' | 'scheme' | Exclude<AddressKind, 'public'>;

/**
 * A webhook must not go to this address. The reason contains a scheme, a host or an address, but never a path or query,
 * because those may be a credential.
 */
export class AddressRefusedError extends Error {
  constructor(
    readonly tier: RefusalTier,
    readonly reason: string,
  ) {
    super(`refused by the address guard: ${reason}`);
    this.name = 'AddressRefusedError';
  }
}
