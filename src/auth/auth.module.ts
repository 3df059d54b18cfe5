import { Module } from '@nestjs/common';
import { APP_GUARD, DiscoveryModule } from '@nestjs/core';
import { JwtModule } from '@nestjs/jwt';
import { ThrottlerModule } from '@nestjs/throttler';
import { TypeOrmModule } from '@nestjs/typeorm';
import { SecretBox } from '../common/secret-box.js';
import { OrganizationsModule } from '../organizations/index.js';
import { accessTokenOptions, AccessTokens } from './access-tokens.js';
import { AccessBeforeBody } from './access-before-body.js';
import { AccessGuard } from './access.guard.js';
import { Accounts } from './accounts.js';
import { ApiKey } from './api-key.entity.js';
import { ApiKeysController } from './api-keys.controller.js';
import { ApiKeysService } from './api-keys.service.js';
import { AuthController } from './auth.controller.js';
import { AuthService } from './auth.service.js';
import { Authenticator } from './authenticator.js';
import { PasswordHasher } from './password-hasher.js';
import { RefreshSession } from './refresh-session.entity.js';
import { RefreshSessionsService } from './refresh-sessions.service.js';
import { RouteAccessCheck } from './route-access-check.js';
import { SIGN_IN_LIMITS } from './sign-in-throttler.guard.js';
import { SignInService } from './sign-in.service.js';
import { UserAccount } from './user-account.entity.js';
import { UsersController } from './users.controller.js';
import { UsersService } from './users.service.js';

/** Users, API keys, and the guard before every route of the application. */
@Module({
  imports: [
    TypeOrmModule.forFeature([UserAccount, RefreshSession, ApiKey]),
    JwtModule.registerAsync({ inject: [SecretBox], useFactory: accessTokenOptions }),
    ThrottlerModule.forRoot(SIGN_IN_LIMITS),
    DiscoveryModule,
    OrganizationsModule,
  ],
  controllers: [AuthController, ApiKeysController, UsersController],
  providers: [
    AccessBeforeBody,
    AccessGuard,
    { provide: APP_GUARD, useExisting: AccessGuard },
    AccessTokens,
    Accounts,
    ApiKeysService,
    Authenticator,
    AuthService,
    PasswordHasher,
    RefreshSessionsService,
    RouteAccessCheck,
    SignInService,
    UsersService,
  ],
  exports: [AccessTokens, ApiKeysService, AuthService, PasswordHasher, UsersService],
})
export class AuthModule {}
