export { AccessTokens } from './access-tokens.js';
export { ApiKeysService, type NewApiKey } from './api-keys.service.js';
export * from './auth.module.js';
export * from './auth.service.js';
export { PasswordHasher } from './password-hasher.js';
export { EXPIRED_SESSIONS } from './expired-sessions.js';
export { ensurePastAccounts, type PastAccount } from './past-accounts.js';
export * from './users.service.js';
