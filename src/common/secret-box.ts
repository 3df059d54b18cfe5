import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto';

const VERSION = 'v1';

interface Key {
  id: string;
  encryptionKey: Buffer;
}

/**
 * Encrypts secrets that Vedette must read again, such as signing secrets: AES-256-GCM with a key derived from the
 * deployment's secret key (HKDF-SHA-256, RFC 5869). The text is `v1.<key id>.<nonce>.<tag>.<ciphertext>` in base64url;
 * the key id identifies the key.
 */
export class SecretBox {
  private readonly current: Key;
  private readonly keys: ReadonlyMap<string, Key>;

  /** @param previousKeys only for decryption. */
  constructor(
    private readonly secretKey: string,
    previousKeys: readonly string[] = [],
  ) {
    this.current = keyOf(secretKey);
    this.keys = new Map([...previousKeys.map(keyOf), this.current].map((key) => [key.id, key]));
  }

  /** A separate key of 32 bytes for one purpose. Keys of different purposes are unrelated. */
  deriveKey(purpose: string): Buffer {
    return derive(this.secretKey, purpose);
  }

  /**
   * Encrypts a text.
   * @param context the place of the text, such as the row's id. Decryption with another context fails.
   */
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

  /**
   * Decrypts a text.
   * @throws Error if the text has another key or context, or was changed.
   */
  open(sealed: string, context: string): string {
    const [version, keyId, nonce, tag, ciphertext] = sealed.split('.');
    if (version !== VERSION || !keyId || !nonce || !tag || ciphertext === undefined) {
      throw new Error('the encrypted secret has an invalid format');
    }
    const key = this.keys.get(keyId);
    if (!key) {
      throw new Error(`the secret was encrypted with key ${keyId}, but VEDETTE_SECRET_KEY is key ${this.current.id}`);
    }
    const decipher = createDecipheriv('aes-256-gcm', key.encryptionKey, Buffer.from(nonce, 'base64url'))
      .setAAD(Buffer.from(context))
      .setAuthTag(Buffer.from(tag, 'base64url'));
    return Buffer.concat([decipher.update(Buffer.from(ciphertext, 'base64url')), decipher.final()]).toString('utf8');
  }

  /** The prefix of all text that the current key encrypted. */
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
