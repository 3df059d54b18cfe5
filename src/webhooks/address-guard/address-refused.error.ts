import type { AddressKind } from './address-kind.js';

/** Why an address is refused, in a word that a metric may carry. */
export type RefusalTier = 'url' | 'scheme' | Exclude<AddressKind, 'public'>;

/** Where a webhook may not go. The reason names a scheme, a host or an address, never a path or a query: those may hold a credential. */
export class AddressRefusedError extends Error {
  constructor(
    readonly tier: RefusalTier,
    readonly reason: string,
  ) {
    super(`refused by the address guard: ${reason}`);
    this.name = 'AddressRefusedError';
  }
}
