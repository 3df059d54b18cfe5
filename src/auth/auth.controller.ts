import { Body, Controller, Get, Header, HttpCode, Post, Put, Req, Res, UseGuards } from '@nestjs/common';
import { ApiBody, ApiOperation, ApiResponse, ApiTags } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Access, CurrentPrincipal, Public, type Principal } from '../common/access/index.js';
import { ACCESS_TOKEN_SECONDS, AccessTokens } from './access-tokens.js';
import { ApiKeysService } from './api-keys.service.js';
import { ChangePasswordRequest, LoginRequest, RefreshRequest } from './auth.dto.js';
import { MeResponse, SignInResponse } from './auth.response.js';
import { clearRefreshCookie, readRefreshCookie, setRefreshCookie } from './refresh-cookie.js';
import { PerPerson, SignInThrottlerGuard } from './sign-in-throttler.guard.js';
import { SignInService, type SignIn } from './sign-in.service.js';

@ApiTags('auth')
@Controller('auth')
export class AuthController {
  constructor(
    private readonly signIn: SignInService,
    private readonly accessTokens: AccessTokens,
    private readonly apiKeys: ApiKeysService,
  ) {}

  @Post('login')
  @HttpCode(200)
  @Header('cache-control', 'no-store')
  @Public()
  @UseGuards(SignInThrottlerGuard)
  @ApiOperation({ summary: 'Sign in: returns an access token and sets a refresh cookie' })
  @ApiResponse({
    status: 401,
    description: 'The e-mail address or the password is wrong, or the account has no access.',
  })
  @ApiResponse({ status: 429, description: 'Too many tries; `Retry-After` says when to try again.' })
  async login(
    @Body() body: LoginRequest,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<SignInResponse> {
    return this.grant(await this.signIn.signIn(body.email, body.password, body.organization_id), request, reply);
  }

  @Post('refresh')
  @HttpCode(200)
  @Header('cache-control', 'no-store')
  @Public()
  @ApiOperation({
    summary: 'Exchange the refresh cookie for a new access token and a new cookie; can also switch the organisation',
  })
  @ApiBody({ type: RefreshRequest, required: false })
  @ApiResponse({ status: 401, description: 'The session has ended.' })
  async refresh(
    @Body() body: RefreshRequest,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<SignInResponse> {
    return this.grant(await this.signIn.refresh(readRefreshCookie(request), body.organization_id), request, reply);
  }

  @Post('logout')
  @HttpCode(204)
  @Public()
  @ApiOperation({ summary: 'Sign out: ends the session of the refresh cookie, if there is one' })
  async logout(@Req() request: FastifyRequest, @Res({ passthrough: true }) reply: FastifyReply): Promise<void> {
    clearRefreshCookie(request, reply);
    await this.signIn.signOut(readRefreshCookie(request));
  }

  @Get('me')
  @Access('viewer')
  @ApiOperation({ summary: 'Get the caller, its role and its organisations' })
  async me(@CurrentPrincipal() principal: Principal): Promise<MeResponse> {
    const { user, organization, memberships } = await this.signIn.whoAmI(principal);
    const apiKey = principal.apiKeyId ? await this.apiKeys.find(principal.organizationId, principal.apiKeyId) : null;
    return {
      user: user && toUser(user),
      api_key: apiKey && { id: apiKey.id, name: apiKey.name },
      organization: { id: organization.id, name: organization.name, is_demo: organization.isDemo },
      role: principal.role,
      organizations: memberships.map((m) => ({
        id: m.organizationId,
        name: m.organizationName,
        is_demo: m.isDemo,
        role: m.role,
      })),
    };
  }

  @Put('password')
  @HttpCode(204)
  @Access('viewer')
  @PerPerson()
  @UseGuards(SignInThrottlerGuard)
  @ApiOperation({ summary: 'Change my password; my other browsers must sign in again' })
  @ApiResponse({ status: 429, description: 'Too many tries; `Retry-After` says when to try again.' })
  async changePassword(
    @CurrentPrincipal() principal: Principal,
    @Body() body: ChangePasswordRequest,
    @Req() request: FastifyRequest,
  ): Promise<void> {
    await this.signIn.changePassword(principal, body.current_password, body.new_password, readRefreshCookie(request));
  }

  private grant(
    { user, organization, refreshToken }: SignIn,
    request: FastifyRequest,
    reply: FastifyReply,
  ): SignInResponse {
    setRefreshCookie(request, reply, refreshToken);
    return {
      access_token: this.accessTokens.issue(user.id, organization.id),
      token_type: 'Bearer',
      expires_in: ACCESS_TOKEN_SECONDS,
      organization: { id: organization.id, name: organization.name },
      user: toUser(user),
    };
  }
}

function toUser({ id, email, displayName }: SignIn['user']): SignInResponse['user'] {
  return { id, email, display_name: displayName };
}
