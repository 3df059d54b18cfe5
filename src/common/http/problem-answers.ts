import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Socket } from 'node:net';
import { problemDocument } from './problem.filter.js';

const HEADER_OVERFLOW = 'HPE_HEADER_OVERFLOW';

/** Answers requests that Fastify rejects before routing, such as a path that cannot be decoded. */
export function answerFrameworkError(
  error: Error & { statusCode?: number },
  request: FastifyRequest,
  reply: FastifyReply,
): void {
  const status = error.statusCode ?? 400;
  const detail = status === 414 ? 'the address is too long' : 'the address cannot be decoded';
  void reply
    .status(status)
    .header('content-type', 'application/problem+json; charset=utf-8')
    .header('cache-control', 'no-store')
    .send(JSON.stringify(problemDocument(status, 'invalid_input', detail, request.id)));
}

/** Answers input that is not HTTP, or has too large headers. There is no request object then, only a socket. */
export function answerClientError(error: NodeJS.ErrnoException, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy();
    return;
  }
  const status = error.code === HEADER_OVERFLOW ? 431 : 400;
  const detail = status === 431 ? 'the headers are too large' : 'this is not an HTTP request';
  const body = JSON.stringify(problemDocument(status, 'invalid_input', detail));
  const head = [
    `HTTP/1.1 ${status} ${status === 431 ? 'Request Header Fields Too Large' : 'Bad Request'}`,
    'Content-Type: application/problem+json; charset=utf-8',
    'Cache-Control: no-store',
    `Content-Length: ${Buffer.byteLength(body)}`,
    'Connection: close',
  ];
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`);
}
