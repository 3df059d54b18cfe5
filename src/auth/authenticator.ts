import { Injectable } from '@nestjs/common';
import type { Principal } from '../common/access/index.js';
import { unauthenticated } from '../common/errors/index.js';
import { MembersService } from '../organizations/index.js';
import { AccessTokens } from './access-tokens.js';
import { API_KEY_PREFIX, ApiKeysService } from './api-keys.service.js';

/** Finds the caller of a request from its `Authorization` header. */
@Injectable()
export class Authenticator {
  constructor(
    private readonly accessTokens: AccessTokens,
    private readonly apiKeys: ApiKeysService,
    private readonly members: MembersService,
  ) {}

  /**
   * Asks the database each time, so that a deactivation, a changed role or a revoked key takes effect at the next
   * request.
   * @throws DomainError `unauthenticated`, whose message never contains what was sent.
   */
  async authenticate(authorization: string | undefined): Promise<Principal> {
    const bearer = /^Bearer +(\S+) *$/i.exec(authorization ?? '')?.[1];
    if (!bearer) throw unauthenticated('send an access token or an API key: Authorization: Bearer <token>');
    if (bearer.startsWith(API_KEY_PREFIX)) {
      const principal = await this.apiKeys.authenticate(bearer);
      if (!principal) throw unauthenticated('the API key is unknown, revoked or expired');
      return principal;
    }
    return this.authenticateUser(bearer);
  }

  private async authenticateUser(accessToken: string): Promise<Principal> {
    const subject = this.accessTokens.read(accessToken);
    const role = subject && (await this.members.activeRole(subject.organizationId, subject.userId));
    if (!role) throw unauthenticated('the access token is invalid or expired, or the account no longer has access');
    return { ...subject, role, apiKeyId: null, actorId: subject.userId };
  }
}
