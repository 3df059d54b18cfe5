import { setTimeout as sleep } from 'node:timers/promises';
import { Injectable, Logger, type BeforeApplicationShutdown } from '@nestjs/common';
import { Clock } from '../../common/clock.js';
import { DomainError } from '../../common/errors/index.js';
import { StreamConnection, type StreamedNotice } from './stream-connection.js';
import type { StreamPosition } from './stream-position.js';
import { StreamReader, type Reader } from './stream-reader.js';
import { StreamSettings } from './stream-settings.js';

/** The shortest pause between two reads. */
const MIN_PAUSE_MS = 25;

/** The pause before another read for notices that an older transaction holds back. */
const HELD_BACK_PAUSE_MS = 200;

/** A stopping process gives slow readers this long to read what was sent to them. */
const STOP_WAITS = 20;
const STOP_WAIT_MS = 50;

/**
 * Sends new notifications to all open streams of this process. One statement reads for all of them, once a second and
 * after each commit of this process. Nothing runs while no stream is open.
 */
@Injectable()
export class NotificationStream implements BeforeApplicationShutdown {
  private readonly logger = new Logger('Stream');
  private readonly connections = new Set<StreamConnection>();
  /** Everything up to this position was sent; undefined while no stream is open. */
  private position: StreamPosition | undefined;
  private looking: Promise<void> = Promise.resolve();
  private timers: NodeJS.Timeout[] = [];
  private wakeTimer: NodeJS.Timeout | undefined;
  private isStopping = false;

  constructor(
    private readonly reader: StreamReader,
    private readonly settings: StreamSettings,
    private readonly clock: Clock,
  ) {}

  /**
   * Ends every stream, so that the HTTP server can close. Readers reconnect to another replica with `Last-Event-ID`.
   */
  async beforeApplicationShutdown(): Promise<void> {
    this.isStopping = true;
    this.stopTimers();
    for (const connection of this.connections) connection.end();
    for (let waits = 0; waits < STOP_WAITS && this.connections.size > 0; waits += 1) await sleep(STOP_WAIT_MS);
    for (const connection of this.connections) connection.body.destroy();
    await this.looking.catch(() => undefined);
  }

  /**
   * Opens a stream.
   * @param from the last event that the reader has; null for a reader that wants new notifications only.
   * @param expiresAt milliseconds since the epoch.
   */
  async open(reader: Reader, from: StreamPosition | null, expiresAt: number): Promise<StreamConnection> {
    this.checkRoom(reader);
    const connection = new StreamConnection(reader.organizationId, reader.userId, expiresAt);
    this.connections.add(connection);
    connection.body.once('close', () => this.remove(connection));
    try {
      this.startTimers();
      // A read that is already running does not include this reader. The replay below covers what it missed.
      await this.look();
      await this.replay(connection, from);
    } catch (error) {
      connection.body.destroy();
      throw error;
    }
    return connection;
  }

  /** Reads soon, after a commit. Does nothing while no stream is open. */
  wake(inMs = MIN_PAUSE_MS): void {
    if (this.connections.size === 0 || this.isStopping) return;
    this.wakeTimer ??= setTimeout(() => {
      this.wakeTimer = undefined;
      void this.look().catch((error: Error) => this.complain(error));
    }, inMs);
  }

  private checkRoom({ organizationId, userId }: Reader): void {
    if (this.isStopping) throw new DomainError('unavailable', 'this process is stopping; open the stream again');
    const own = [...this.connections].filter((one) => one.organizationId === organizationId && one.userId === userId);
    if (own.length >= this.settings.maxPerMember) {
      throw new DomainError('too_many_requests', `you have ${own.length} streams open; close one first`);
    }
    if (this.connections.size >= this.settings.maxConnections) {
      throw new DomainError('unavailable', 'too many streams are open; try again later');
    }
  }

  private async replay(connection: StreamConnection, from: StreamPosition | null): Promise<void> {
    if (!from) return connection.goLive([]);
    const present = await this.reader.present();
    const { maxReplayed } = this.settings;
    // A position in the future comes from another database, or from before a restore.
    if (BigInt(from.transaction) >= BigInt(present.transaction)) {
      connection.reset();
      return connection.goLive([]);
    }
    const { notices, isWhole } = await this.reader.after(from, [connection], maxReplayed);
    if (!isWhole) connection.reset();
    connection.goLive(isWhole ? notices : []);
  }

  /** Runs one read at a time. Each ends when everything up to now was sent. */
  private look(): Promise<void> {
    this.looking = this.looking.catch(() => undefined).then(() => this.passOn());
    return this.looking;
  }

  private async passOn(): Promise<void> {
    if (this.connections.size === 0 || this.isStopping) return;
    const readers = this.readers();
    let position = this.position ?? (await this.reader.present());
    for (let isWhole = false; !isWhole;) {
      const page = await this.reader.after(position, readers, this.settings.pageSize);
      this.deliver(page.notices);
      position = page.reached;
      isWhole = page.isWhole;
      if (page.isHeldBack) this.wake(HELD_BACK_PAUSE_MS);
    }
    this.position = position;
  }

  private deliver(notices: readonly StreamedNotice[]): void {
    if (notices.length === 0) return;
    const byReader = new Map<string, StreamConnection[]>();
    for (const connection of this.connections) {
      const own = byReader.get(connection.key);
      if (own) own.push(connection);
      else byReader.set(connection.key, [connection]);
    }
    for (const notice of notices) {
      for (const connection of byReader.get(`${notice.organizationId}/${notice.userId}`) ?? []) {
        connection.offer(notice);
      }
    }
  }

  private readers(): Reader[] {
    return [...new Map([...this.connections].map((connection) => [connection.key, connection])).values()];
  }

  private async closeUnwelcome(): Promise<void> {
    const now = this.clock.now().getTime();
    // A stream that opens during the query is not in its answer, and its access was just checked.
    const asked = [...this.connections];
    const active = await this.reader.active(this.readers());
    const welcome = new Set(active.map(({ organizationId, userId }) => `${organizationId}/${userId}`));
    for (const connection of asked) if (!welcome.has(connection.key) || connection.expiresAt <= now) connection.end();
  }

  private remove(connection: StreamConnection): void {
    this.connections.delete(connection);
    if (this.connections.size === 0) this.stopTimers();
  }

  private startTimers(): void {
    if (this.timers.length > 0) return;
    const { pollIntervalMs, accessIntervalMs, heartbeatIntervalMs } = this.settings;
    const repeat = (everyMs: number, work: () => unknown): NodeJS.Timeout => setInterval(work, everyMs);
    this.timers = [
      repeat(pollIntervalMs, () => this.wake()),
      repeat(accessIntervalMs, () => void this.closeUnwelcome().catch((error: Error) => this.complain(error))),
      repeat(heartbeatIntervalMs, () => this.connections.forEach((connection) => connection.heartbeat())),
    ];
  }

  private stopTimers(): void {
    for (const timer of this.timers.splice(0)) clearInterval(timer);
    clearTimeout(this.wakeTimer);
    this.wakeTimer = undefined;
    this.position = undefined;
  }

  private complain(error: Error): void {
    this.logger.warn(`New notifications could not be read; the next look tries again: ${error.message}`);
  }
}
