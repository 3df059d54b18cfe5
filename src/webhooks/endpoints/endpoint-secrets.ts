import { Injectable } from '@nestjs/common';
import { BoundedCache } from '../../common/bounded-cache.js';
import { SecretBox } from '../../common/secret-box.js';

/** What of an endpoint is sealed. */
export type EndpointSecretPart = 'url' | 'headers' | 'settings' | 'secret';

/** How many opened texts are kept: deliveries need the same few over and over. */
const KEPT = 2_000;

/** Seals what may be a credential for the row that it belongs to, and opens it again. */
@Injectable()
export class EndpointSecrets {
  private readonly opened = new BoundedCache<string>(KEPT);

  constructor(private readonly secretBox: SecretBox) {}

  seal(endpointId: string, part: EndpointSecretPart, text: string): string {
    return this.secretBox.seal(text, contextOf(endpointId, part));
  }

  /**
   * Opens sealed text. A URL that was saved before URLs were sealed is given back as it is.
   * @throws Error when it was sealed under a key that is not known, or for another row.
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

/** The secret's context is the id alone because that is how it has always been sealed. */
function contextOf(endpointId: string, part: EndpointSecretPart): string {
  return part === 'secret' ? endpointId : `${endpointId}:${part}`;
}
