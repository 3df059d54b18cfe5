import { Module } from '@nestjs/common';
import { ScopeChecker } from './scope-checker.js';

/** Scopes as people write them, for those who keep or try rules. */
@Module({ providers: [ScopeChecker], exports: [ScopeChecker] })
export class ScopesModule {}
