import { Module } from '@nestjs/common';
import { ScopeChecker } from './scope-checker.js';

/** Checks scopes for the modules that store or preview rules. */
@Module({ providers: [ScopeChecker], exports: [ScopeChecker] })
export class ScopesModule {}
