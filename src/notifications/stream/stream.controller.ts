import { Controller, Get, Headers, Res } from '@nestjs/common';
import { ApiHeader, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { Access, CurrentPrincipal, type Principal } from '../../common/access/index.js';
import { invalidField } from '../../common/errors/index.js';
import { userOf } from '../preferences/user-of.js';
import { NotificationStream } from './notification-stream.js';
import { readEventId } from './stream-position.js';

@ApiTags('notifications')
@Controller('notifications/stream')
export class StreamController {
  constructor(private readonly stream: NotificationStream) {}

  @Get()
  @Access('viewer')
  @ApiOperation({
    summary: 'My new notifications as they come, as server-sent events',
    description:
      'Each event `notification` holds one notification as the list has it; its id sorts. Send the last one as `Last-Event-ID` to go on from there. An event `reset` says ' +
      'that the stream cannot go on from there, and that the list must be read anew. The stream ends when the access token expires or access is taken away.',
  })
  @ApiHeader({ name: 'Last-Event-ID', required: false, description: 'The id of the last event that was received.' })
  @ApiOkResponse({ content: { 'text/event-stream': { schema: { type: 'string' } } } })
  async open(
    @CurrentPrincipal() principal: Principal,
    @Headers('last-event-id') lastEventId: string | undefined,
    @Headers('authorization') authorization: string,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const reader = { organizationId: principal.organizationId, userId: userOf(principal) };
    const from = lastEventId ? readEventId(lastEventId) : null;
    if (from === undefined) throw invalidField('Last-Event-ID', 'must be the id of an event of this stream');
    const connection = await this.stream.open(reader, from, expiryOf(authorization));
    // The reader may be gone by now; nobody would read, and so nobody would close.
    if (reply.raw.destroyed) {
      connection.body.destroy();
      return;
    }
    // The connection ends with the stream: kept open, it would make a stopping process wait.
    await reply
      .header('content-type', 'text/event-stream; charset=utf-8')
      .header('connection', 'close')
      .header('cache-control', 'no-store')
      .header('x-accel-buffering', 'no')
      .send(connection.body);
  }
}

/** When the access token ends, in milliseconds since the epoch. The access guard has verified the token. */
function expiryOf(authorization: string): number {
  const payload = authorization.split('.')[1] ?? '';
  const { exp } = JSON.parse(Buffer.from(payload, 'base64url').toString()) as { exp: number };
  return exp * 1_000;
}
