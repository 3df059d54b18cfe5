import { Injectable } from '@nestjs/common';
import { JwtService, type JwtModuleOptions } from '@nestjs/jwt';
import { Clock } from '../common/clock.js';
import { isUuid } from '../common/ids.js';
import type { SecretBox } from '../common/secret-box.js';

/** Lifetime of an access token. */
export const ACCESS_TOKEN_SECONDS = 15 * 60;

const ISSUER = 'vedette';

/** The user and the organisation of an access token. The role is not in it: every request looks it up. */
export interface AccessTokenSubject {
  userId: string;
  organizationId: string;
}

export function accessTokenOptions(secretBox: SecretBox): JwtModuleOptions {
  return {
    secret: secretBox.deriveKey('access token'),
    signOptions: { algorithm: 'HS256', issuer: ISSUER, expiresIn: ACCESS_TOKEN_SECONDS },
    verifyOptions: { algorithms: ['HS256'], issuer: ISSUER },
  };
}

/** JSON Web Tokens (RFC 7519), HS256, with the claims `sub` (user), `org` (organisation), `iss`, `iat` and `exp`. */
@Injectable()
export class AccessTokens {
  constructor(
    private readonly jwt: JwtService,
    private readonly clock: Clock,
  ) {}

  issue(userId: string, organizationId: string): string {
    return this.jwt.sign({ sub: userId, org: organizationId, iat: this.nowSeconds() });
  }

  /** @returns undefined if the token was not issued here, was changed, or has expired. */
  read(token: string): AccessTokenSubject | undefined {
    try {
      const { sub, org, exp } = this.jwt.verify<{ sub?: unknown; org?: unknown; exp?: unknown }>(token, {
        clockTimestamp: this.nowSeconds(),
      });
      return isUuid(sub) && isUuid(org) && typeof exp === 'number' ? { userId: sub, organizationId: org } : undefined;
    } catch {
      return undefined;
    }
  }

  private nowSeconds(): number {
    return Math.floor(this.clock.now().getTime() / 1000);
  }
}
