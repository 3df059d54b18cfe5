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
    summary: 'Stream my new notifications as server-sent events',
    description:
      'Each event `notification` holds one notification in the form of the list. Send the id of the last event as `Last-Event-ID` to continue after it. An event ' +
      '`reset` means that the stream cannot continue there: read the list again. The stream ends when the access token expires or access is removed.',
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
    // If the client has already disconnected, no later event would close the stream.
    if (reply.raw.destroyed) {
      connection.body.destroy();
      return;
    }
    // Close the connection with the stream: an open connection would delay the shutdown.
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
