import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto';

const VERSION = 'v1';

interface Key {
  id: string;
  encryptionKey: Buffer;
}

/**
 * Keeps secrets that the database must give back, such as webhook signing secrets: AES-256-GCM under a key derived from the deployment's secret key
 * (HKDF-SHA-256, RFC 5869). Sealed text is `v1.<key id>.<nonce>.<tag>.<ciphertext>`, base64url; the key id tells which key sealed it.
 */
export class SecretBox {
  private readonly current: Key;
  private readonly keys: ReadonlyMap<string, Key>;

  /** @param previousKeys open what they have sealed, and seal nothing. */
  constructor(
    private readonly secretKey: string,
    previousKeys: readonly string[] = [],
  ) {
    this.current = keyOf(secretKey);
    this.keys = new Map([...previousKeys.map(keyOf), this.current].map((key) => [key.id, key]));
  }

  /** A key of its own for one purpose, 32 bytes; different purposes give unrelated keys. */
  deriveKey(purpose: string): Buffer {
    return derive(this.secretKey, purpose);
  }

  /** @param context binds the sealed text to its place, such as the row's id: moved elsewhere it does not open. */
  seal(plaintext: string, context: string): string {
    const nonce = randomBytes(12);
    const cipher = createCipheriv('aes-256-gcm', this.current.encryptionKey, nonce).setAAD(Buffer.from(context));
    const ciphertext = Buffer.concat([cipher.update(plaintext, 'utf8'), cipher.final()]);
    return [
      VERSION,
      this.current.id,
      ...[nonce, cipher.getAuthTag(), ciphertext].map((part) => part.toString('base64url')),
    ].join('.');
  }

  /** @throws Error when the text was sealed under another key, for another context, or was tampered with. */
  open(sealed: string, context: string): string {
    const [version, keyId, nonce, tag, ciphertext] = sealed.split('.');
    if (version !== VERSION || !keyId || !nonce || !tag || ciphertext === undefined)
      throw new Error('the sealed secret is malformed');
    const key = this.keys.get(keyId);
    if (!key)
      throw new Error(`the secret was sealed under key ${keyId}, and VEDETTE_SECRET_KEY is key ${this.current.id}`);
    const decipher = createDecipheriv('aes-256-gcm', key.encryptionKey, Buffer.from(nonce, 'base64url'))
      .setAAD(Buffer.from(context))
      .setAuthTag(Buffer.from(tag, 'base64url'));
    return Buffer.concat([decipher.update(Buffer.from(ciphertext, 'base64url')), decipher.final()]).toString('utf8');
  }

  /** What everything that the current key seals begins with. */
  get currentPrefix(): string {
    return `${VERSION}.${this.current.id}.`;
  }
}

function keyOf(secretKey: string): Key {
  return {
    id: derive(secretKey, 'vedette key id').subarray(0, 4).toString('hex'),
    encryptionKey: derive(secretKey, 'vedette secret box'),
  };
}

function derive(secretKey: string, purpose: string): Buffer {
  return Buffer.from(hkdfSync('sha256', secretKey, '', purpose, 32));
}
