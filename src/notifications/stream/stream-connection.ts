import { Readable } from 'node:stream';
import { eventId, isAfter, type StreamPosition } from './stream-position.js';

/** A reader with more unread bytes is disconnected. It reconnects with `Last-Event-ID` and misses nothing. */
export const MAX_UNREAD_BYTES = 256 * 1024;

/** Milliseconds that a client waits before it reconnects. */
const RETRY_MS = 2_000;

export interface StreamedNotice extends StreamPosition {
  organizationId: string;
  userId: string;
  /** The notification as `GET /notifications` has it. */
  data: object;
}

/** One open stream of one member, as server-sent events. */
export class StreamConnection {
  readonly body = new Readable({ read: () => undefined });
  /** Notices that arrived while the past was still being read. */
  private waiting: StreamedNotice[] | undefined = [];
  private last: StreamPosition | undefined;
  private isEnded = false;

  constructor(
    readonly organizationId: string,
    readonly userId: string,
    /** Milliseconds since the epoch: the stream ends when the token that opened it does. */
    readonly expiresAt: number,
  ) {
    this.write(`retry: ${RETRY_MS}\n\n`);
  }

  get key(): string {
    return `${this.organizationId}/${this.userId}`;
  }

  /** Sends a notice, or keeps it until {@link goLive}. */
  offer(notice: StreamedNotice): void {
    if (this.waiting) this.waiting.push(notice);
    else this.send(notice);
  }

  /** Sends the notices of the past, then those that arrived meanwhile. */
  goLive(past: readonly StreamedNotice[]): void {
    const waiting = this.waiting ?? [];
    this.waiting = undefined;
    for (const notice of [...past, ...waiting]) this.send(notice);
  }

  /** Tells the client that notices are missing, so that it reads the list again. */
  reset(): void {
    this.write('event: reset\ndata: {}\n\n');
  }

  heartbeat(): void {
    this.write(': still here\n\n');
  }

  /** Ends the stream after its reader has read the rest. A second call ends it at once. */
  end(): void {
    if (this.isEnded) this.body.destroy();
    else if (!this.body.destroyed) this.body.push(null);
    this.isEnded = true;
  }

  private send(notice: StreamedNotice): void {
    if (this.last && !isAfter(notice, this.last)) return;
    this.last = notice;
    this.write(`id: ${eventId(notice)}\nevent: notification\ndata: ${JSON.stringify(notice.data)}\n\n`);
  }

  private write(text: string): void {
    if (this.body.destroyed || this.isEnded) return;
    this.body.push(text);
    if (this.body.readableLength > MAX_UNREAD_BYTES) this.body.destroy();
  }
}
