import { createHash, timingSafeEqual } from 'node:crypto';
import { Injectable, type CanActivate, type ExecutionContext } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { forbidden, unauthenticated } from '../common/errors/index.js';
import { Environment } from '../config/index.js';

/** A proxy adds these headers. Such a request comes from elsewhere, even if the proxy is on this machine. */
const FORWARDING_HEADERS = ['forwarded', 'via', 'x-forwarded-for', 'x-real-ip'];

/**
 * With `VEDETTE_METRICS_TOKEN`, only callers with the token may read the metrics; without it, only callers on this
 * machine. Metrics name no organisation, but they show how the deployment is doing.
 */
@Injectable()
export class MetricsAccessGuard implements CanActivate {
  constructor(private readonly environment: Environment) {}

  canActivate(context: ExecutionContext): boolean {
    const request = context.switchToHttp().getRequest<FastifyRequest>();
    const token = this.environment.VEDETTE_METRICS_TOKEN;
    if (token === undefined) {
      if (isFromThisMachine(request)) return true;
      throw forbidden('VEDETTE_METRICS_TOKEN is not set, so the metrics are for callers on the same machine only');
    }
    const [, sent] = /^Bearer +(\S+)$/i.exec(request.headers.authorization ?? '') ?? [];
    if (sent !== undefined && isSame(sent, token)) return true;
    throw unauthenticated('the metrics need the value of VEDETTE_METRICS_TOKEN, as Authorization: Bearer <token>');
  }
}

/** Uses the socket's address: if forwarding headers are trusted, the caller can choose `request.ip`. */
function isFromThisMachine({ socket, headers }: FastifyRequest): boolean {
  const isLoopback = /^(?:::ffff:)?127\.|^::1$/.test(socket.remoteAddress ?? '');
  return isLoopback && FORWARDING_HEADERS.every((name) => headers[name] === undefined);
}

/** Compares digests: they have one length, so the comparison does not leak the token's length. */
function isSame(a: string, b: string): boolean {
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(a), digest(b));
}
