import { Injectable } from '@nestjs/common';
import { randomBytes, scrypt, timingSafeEqual } from 'node:crypto';

/**
 * Cost of a hash: N = 2^15, r = 8, p = 3, a recommended setting of OWASP's Password Storage Cheat Sheet. Takes 32 MiB.
 */
const COST = { ln: 15, r: 8, p: 3 };
const SALT_BYTES = 16;
const KEY_BYTES = 32;

/** How many hashes run at once. Each uses a thread of the pool that file access and DNS need too. */
const MAX_CONCURRENT_HASHES = 2;

export const PASSWORD_LENGTH = { min: 12, max: 200 } as const;
export const PASSWORD_RULE = `must be text of ${PASSWORD_LENGTH.min} to ${PASSWORD_LENGTH.max} characters`;

interface ParsedHash {
  cost: typeof COST;
  salt: Buffer;
  key: Buffer;
}

/**
 * scrypt (RFC 7914), stored as `$scrypt$ln=15,r=8,p=3$<salt>$<key>` with unpadded base64, after the PHC string format.
 * Passwords are compared in Unicode's NFKC form, so that different keyboards give the same password.
 */
@Injectable()
export class PasswordHasher {
  private running = 0;
  private readonly waiting: (() => void)[] = [];

  /** The hash for unknown users. No password matches it. */
  private readonly dummy = format({ cost: COST, salt: randomBytes(SALT_BYTES), key: randomBytes(KEY_BYTES) });

  async hash(password: string): Promise<string> {
    const salt = randomBytes(SALT_BYTES);
    return format({ cost: COST, salt, key: await this.derive(password, salt, COST) });
  }

  /** @param hash null for an unknown user: takes as long as for a known one, and returns false. */
  async verify(password: string, hash: string | null): Promise<boolean> {
    const known = hash === null ? undefined : parse(hash);
    const { cost, salt, key } = known ?? parse(this.dummy)!;
    const isSame = timingSafeEqual(await this.derive(password, salt, cost), key);
    return isSame && known !== undefined;
  }

  private async derive(password: string, salt: Buffer, { ln, r, p }: typeof COST): Promise<Buffer> {
    const N = 2 ** ln;
    // scrypt needs 128 * N * r bytes, but Node also requires some room above that.
    const options = { N, r, p, maxmem: 2 * 128 * N * r };
    await this.enter();
    try {
      return await new Promise<Buffer>((resolve, reject) =>
        scrypt(password.normalize('NFKC'), salt, KEY_BYTES, options, (error, key) =>
          error ? reject(error) : resolve(key),
        ),
      );
    } finally {
      this.leave();
    }
  }

  private async enter(): Promise<void> {
    if (this.running >= MAX_CONCURRENT_HASHES) await new Promise<void>((resolve) => this.waiting.push(resolve));
    else this.running++;
  }

  /** Passes the free place to the longest waiting call. */
  private leave(): void {
    const next = this.waiting.shift();
    if (next) next();
    else this.running--;
  }
}

function format({ cost, salt, key }: ParsedHash): string {
  return `$scrypt$ln=${cost.ln},r=${cost.r},p=${cost.p}$${unpadded(salt)}$${unpadded(key)}`;
}

function unpadded(bytes: Buffer): string {
  return bytes.toString('base64').replace(/=+$/, '');
}

function parse(hash: string): ParsedHash | undefined {
  const match = /^\$scrypt\$ln=(\d{1,2}),r=(\d{1,2}),p=(\d{1,2})\$([A-Za-z0-9+/]+)\$([A-Za-z0-9+/]+)$/.exec(hash);
  if (!match) return undefined;
  const [ln, r, p] = match.slice(1, 4).map(Number) as [number, number, number];
  const key = Buffer.from(match[5]!, 'base64');
  return key.length === KEY_BYTES ? { cost: { ln, r, p }, salt: Buffer.from(match[4]!, 'base64'), key } : undefined;
}
