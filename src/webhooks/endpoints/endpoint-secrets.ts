import { Injectable } from '@nestjs/common';
import { BoundedCache } from '../../common/bounded-cache.js';
import { SecretBox } from '../../common/secret-box.js';

/** The encrypted parts of an endpoint. */
export type EndpointSecretPart = 'url' | 'headers' | 'settings' | 'secret';

/** The number of decrypted texts in the cache. Deliveries need the same few again and again. */
const CACHE_SIZE = 2_000;

/** Encrypts possible credentials for their row, and decrypts them. */
@Injectable()
export class EndpointSecrets {
  private readonly opened = new BoundedCache<string>(CACHE_SIZE);

  constructor(private readonly secretBox: SecretBox) {}

  seal(endpointId: string, part: EndpointSecretPart, text: string): string {
    return this.secretBox.seal(text, contextOf(endpointId, part));
  }

  /**
   * Decrypts text. A URL from before URLs were encrypted is returned as it is.
   * @throws Error if it was encrypted with an unknown key, or for another row.
   */
  open(endpointId: string, part: EndpointSecretPart, sealed: string): string {
    if (part === 'url' && /^https?:/.test(sealed)) return sealed;
    const context = contextOf(endpointId, part);
    return this.opened.get(`${context} ${sealed}`, () => this.secretBox.open(sealed, context));
  }

  sealRecord(endpointId: string, part: EndpointSecretPart, record: Readonly<Record<string, string>>): string | null {
    return Object.keys(record).length > 0 ? this.seal(endpointId, part, JSON.stringify(record)) : null;
  }

  /** @throws Error as {@link open} does. */
  openRecord(endpointId: string, part: EndpointSecretPart, sealed: string | null): Record<string, string> {
    return sealed === null ? {} : (JSON.parse(this.open(endpointId, part, sealed)) as Record<string, string>);
  }
}

/** The context of the secret is only the id, for compatibility with stored secrets. */
function contextOf(endpointId: string, part: EndpointSecretPart): string {
  return part === 'secret' ? endpointId : `${endpointId}:${part}`;
}
