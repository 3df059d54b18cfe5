import { Injectable, type OnModuleInit } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import type { FastifyInstance } from 'fastify';
import type { RouteAccess } from '../common/access/index.js';
import { AccessGuard } from './access.guard.js';

/**
 * Checks who calls before the body of the request is read. Guards run after that, and reading a large body for a caller
 * who is then refused costs more than everything else.
 */
@Injectable()
export class AccessBeforeBody implements OnModuleInit {
  constructor(
    private readonly host: HttpAdapterHost,
    private readonly guard: AccessGuard,
  ) {}

  onModuleInit(): void {
    const adapter = this.host.httpAdapter;
    // The command line and some tests have no HTTP.
    if (!(adapter instanceof FastifyAdapter)) return;
    const fastify: FastifyInstance = adapter.getInstance();
    fastify.addHook('onRequest', (request, _reply, done) => {
      const { access } = request.routeOptions.config as Partial<RouteAccess>;
      if (access === undefined || access === 'public') done();
      else this.guard.admit(request, access).then(() => done(), done);
    });
  }
}
