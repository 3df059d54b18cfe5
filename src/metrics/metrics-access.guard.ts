import { createHash, timingSafeEqual } from 'node:crypto';
import { Injectable, type CanActivate, type ExecutionContext } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { forbidden, unauthenticated } from '../common/errors/index.js';
import { Environment } from '../config/index.js';

/** What a proxy adds: a request that carries one of these was made elsewhere, although the proxy itself may be on this machine. */
const FORWARDING_HEADERS = ['forwarded', 'via', 'x-forwarded-for', 'x-real-ip'];

/**
 * Who may read the metrics: with `VEDETTE_METRICS_TOKEN` whoever sends it, without it whoever is on this machine. They name no organisation, but they still tell
 * how a deployment is doing.
 */
@Injectable()
export class MetricsAccessGuard implements CanActivate {
  constructor(private readonly environment: Environment) {}

  canActivate(context: ExecutionContext): boolean {
    const request = context.switchToHttp().getRequest<FastifyRequest>();
    const token = this.environment.VEDETTE_METRICS_TOKEN;
    if (token === undefined) {
      if (isFromThisMachine(request)) return true;
      throw forbidden('without VEDETTE_METRICS_TOKEN the metrics are for callers on the same machine only');
    }
    const [, sent] = /^Bearer +(\S+)$/i.exec(request.headers.authorization ?? '') ?? [];
    if (sent !== undefined && isSame(sent, token)) return true;
    throw unauthenticated('the metrics take the token of VEDETTE_METRICS_TOKEN, as Authorization: Bearer <token>');
  }
}

/** The socket is asked, not `request.ip`, which whoever calls can choose where forwarding headers are believed. */
function isFromThisMachine({ socket, headers }: FastifyRequest): boolean {
  const isLoopback = /^(?:::ffff:)?127\.|^::1$/.test(socket.remoteAddress ?? '');
  return isLoopback && FORWARDING_HEADERS.every((name) => headers[name] === undefined);
}

/** Digests have one length, so that comparing them tells nothing of the token's, either. */
function isSame(a: string, b: string): boolean {
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(a), digest(b));
}
