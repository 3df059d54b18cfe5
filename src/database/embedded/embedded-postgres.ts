import { realpath } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Client } from 'pg';
import { prepareBinaries, readBinariesVersion } from './binaries.js';
import {
  attach,
  connectToCluster,
  DATABASE,
  detach,
  ensureDatabase,
  hasOtherClients,
  HOST,
} from './cluster-connection.js';
import {
  assertSameMajor,
  clusterExists,
  createCluster,
  ensureDataDir,
  giveCluster,
  readPassword,
  removeUnfinished,
  SUPERUSER,
} from './cluster.js';
import { EmbeddedPostgresError, errorCode } from './embedded-postgres.error.js';
import { identifyProcess, readPostmasterFile } from './postmaster-file.js';
import { launchPostmaster, type PostmasterContext, shutDownPostmaster } from './postmaster.js';
import { rotateServerLog } from './server-log.js';
import { assertReachable, chooseServerUser } from './server-user.js';
import { withStartLock } from './start-lock.js';

/** Longer than the longest recovery during a start. */
const LOCK_TIMEOUT_MS = 330_000;
/** How long a server may be in transition, without reporting its start or shutdown. */
const TRANSITION_TIMEOUT_MS = 15_000;
const RECOVERY_TIMEOUT_MS = 300_000;
const POLL_MS = 50;
/** The pauses before each attempt to restart the server; the last one repeats. */
const REVIVE_PAUSES_MS = [250, 1_000, 5_000, 15_000];

/** SQLSTATE codes: the server is starting, recovering or shutting down; wrong password; no free connection. */
const CANNOT_CONNECT_NOW = '57P03';
const INVALID_PASSWORD = '28P01';
const TOO_MANY_CONNECTIONS = '53300';

export interface EmbeddedPostgresOptions {
  /** The folder for all data, created if missing: the cluster in `postgres`, the server's log in `postgres.log`. */
  dataDir: string;
  /** The project's folder, to find PostgreSQL in its node_modules from any working folder. */
  packageRoot?: string;
  /** Receives progress messages for people, one line at a time. */
  log?: (line: string) => void;
  /** Server settings that add to or replace the defaults. A server that was already running keeps its own settings. */
  settings?: Record<string, string>;
  /** Whether to restart a server that stops between `start` and `stop`, at the same port. */
  revive?: boolean;
}

export interface EmbeddedPostgresServer {
  /** `postgres://vedette:<password>@127.0.0.1:<port>/vedette`. Contains the password, so never log it. */
  url: string;
  /** True if another process had already started the server. */
  adopted: boolean;
}

export type EmbeddedPostgresStopResult = 'stopped' | 'left-running' | 'not-running';

interface RunningServer {
  pid: number;
  port: number;
  /** A connection to the `postgres` database. It proves that the server belongs to this cluster. */
  client: Client;
}

/**
 * A PostgreSQL server that belongs to the application, in its own folder, on 127.0.0.1 only.
 *
 * All processes with the same data folder share the server: the first one starts it, others adopt it, the last one
 * stops it. It survives a killed process, and the next process adopts it. Each started instance keeps one connection
 * open until `stop`. The connection shows others that the server is in use, and shows the instance when the server
 * stops.
 */
export class EmbeddedPostgres {
  private readonly log: (line: string) => void;
  private presence: Client | undefined;
  private startedPid: number | undefined;
  private reviving: Promise<void> | undefined;
  /** True between the first start and `stop`. */
  private isWanted = false;

  constructor(private readonly options: EmbeddedPostgresOptions) {
    this.log = options.log ?? (() => undefined);
  }

  /**
   * Starts or adopts the server and creates the database if missing. Can be called repeatedly and from several
   * processes.
   *
   * @throws EmbeddedPostgresError with advice for people, if the server cannot run here.
   */
  async start(): Promise<EmbeddedPostgresServer> {
    this.isWanted = true;
    return this.startOrAdopt();
  }

  private async startOrAdopt(): Promise<EmbeddedPostgresServer> {
    const { context, dataDir, version } = await this.prepare();
    return this.locked(dataDir, async () => {
      await removeUnfinished(dataDir);
      if (await clusterExists(context.clusterDir)) {
        await assertSameMajor(context.clusterDir, version);
        await giveCluster(context.clusterDir, context.user);
      } else {
        this.log('creating the database cluster');
        await createCluster(dataDir, context.clusterDir, context.binaries, context.user);
      }
      await rotateServerLog(context.logFile);
      const password = await readPassword(context.clusterDir);
      const server =
        (await this.findRunning(context.clusterDir, password)) ?? (await this.launch(context, password, version));
      const adopted = server.pid !== this.startedPid;
      if (adopted) {
        this.log(`using the PostgreSQL that is already running (pid ${server.pid})`);
      }
      await this.holdPresence(server.client);
      return { url: `postgres://${SUPERUSER}:${password}@${HOST}:${server.port}/${DATABASE}`, adopted };
    });
  }

  /**
   * Stops the server, unless another client is connected. Call it after closing the own pool.
   *
   * @param options.force stops it despite other clients; their transactions roll back.
   */
  async stop(options: { force?: boolean } = {}): Promise<EmbeddedPostgresStopResult> {
    this.isWanted = false;
    await this.reviving;
    await this.dropPresence();
    const clusterDir = join(resolve(this.options.dataDir), 'postgres');
    if (!(await clusterExists(clusterDir)) || (await readPostmasterFile(clusterDir)) === undefined) {
      return 'not-running';
    }
    const { context, dataDir } = await this.prepare();
    return this.locked(dataDir, async () => {
      const password = await readPassword(context.clusterDir);
      const server = await this.findRunning(context.clusterDir, password);
      if (server === undefined) {
        return 'not-running';
      }
      const inUse = options.force !== true && (await hasOtherClients(server.client));
      await server.client.end();
      if (inUse) {
        this.log('leaving PostgreSQL running: another process is connected to it');
        return 'left-running';
      }
      await shutDownPostmaster(context, server.pid);
      this.startedPid = undefined;
      return 'stopped';
    });
  }

  private async prepare(): Promise<{ context: PostmasterContext; dataDir: string; version: string }> {
    const givenDir = resolve(this.options.dataDir);
    const user = await chooseServerUser(join(givenDir, 'postgres'));
    await ensureDataDir(givenDir, user);
    const dataDir = await realpath(givenDir);
    const binaries = await prepareBinaries(this.options.packageRoot);
    await assertReachable(user, dataDir, binaries.nativeDir);
    const version = await readBinariesVersion(binaries, user);
    const context: PostmasterContext = {
      binaries,
      clusterDir: join(dataDir, 'postgres'),
      logFile: join(dataDir, 'postgres.log'),
      user,
      settings: this.options.settings ?? {},
      log: this.log,
    };
    return { context, dataDir, version };
  }

  private locked<T>(dataDir: string, work: () => Promise<T>): Promise<T> {
    const onWait = () => this.log('waiting until another process has started or stopped the database');
    return withStartLock(join(dataDir, 'postgres.lock'), LOCK_TIMEOUT_MS, onWait, work);
  }

  private async launch(context: PostmasterContext, password: string, version: string): Promise<RunningServer> {
    this.log(`starting PostgreSQL ${version}`);
    this.startedPid = await launchPostmaster(context);
    const server = await this.findRunning(context.clusterDir, password);
    if (server === undefined) {
      throw new EmbeddedPostgresError(`PostgreSQL ended right after its start; its log is ${context.logFile}.`);
    }
    return server;
  }

  /**
   * Finds the running server of the cluster. The pid file is no proof, because its pid and port may belong to another
   * program now. So the server must accept the password and report this cluster. Waits for a server in transition.
   */
  private async findRunning(clusterDir: string, password: string): Promise<RunningServer | undefined> {
    const startedAt = Date.now();
    for (;;) {
      const file = await readPostmasterFile(clusterDir);
      if (file === undefined) {
        return undefined;
      }
      let failure: unknown;
      if (file.port !== undefined) {
        try {
          const client = await connectToCluster(clusterDir, file.port, password);
          return client && { pid: file.pid, port: file.port, client };
        } catch (error) {
          failure = error;
        }
      }
      const identity = await identifyProcess(file.pid, clusterDir);
      if (identity === 'gone' || identity === 'other') {
        return undefined;
      }
      const timeoutMs = errorCode(failure) === CANNOT_CONNECT_NOW ? RECOVERY_TIMEOUT_MS : TRANSITION_TIMEOUT_MS;
      if (errorCode(failure) === INVALID_PASSWORD || Date.now() > startedAt + timeoutMs) {
        if (identity === 'unknown') {
          return undefined;
        }
        throw unusableServer(file.pid, clusterDir, failure);
      }
      await sleep(POLL_MS);
    }
  }

  /** Keeps the connection open, but lets the process end, and survives the end of the server. */
  private async holdPresence(client: Client): Promise<void> {
    try {
      await ensureDatabase(client);
    } catch (error) {
      await client.end();
      throw error;
    }
    await this.dropPresence();
    this.presence = client;
    client.once('end', () => {
      if (this.options.revive && this.presence === client) {
        this.reviving ??= this.revive(client.port).finally(() => (this.reviving = undefined));
      }
    });
    detach(client);
  }

  /** Retries without limit, because this process can do nothing without the server. */
  private async revive(port: number): Promise<void> {
    this.log('PostgreSQL stopped; restarting it');
    for (let attempt = 0; this.isWanted; attempt += 1) {
      try {
        const { url } = await this.startOrAdopt();
        if (Number(new URL(url).port) === port) this.log('PostgreSQL is running again');
        else this.log('PostgreSQL is running again at another port, because its own was taken: restart this process');
        return;
      } catch (error) {
        this.log(`PostgreSQL is not running yet: ${(error as Error).message}`);
        await sleep(REVIVE_PAUSES_MS[Math.min(attempt, REVIVE_PAUSES_MS.length - 1)], undefined, { ref: false });
      }
    }
  }

  private async dropPresence(): Promise<void> {
    const client = this.presence;
    this.presence = undefined;
    if (client !== undefined) {
      attach(client);
      await client.end().catch(() => undefined);
    }
  }
}

function unusableServer(pid: number, clusterDir: string, failure: unknown): EmbeddedPostgresError {
  const reason =
    errorCode(failure) === INVALID_PASSWORD
      ? 'it does not accept the password in its folder'
      : errorCode(failure) === TOO_MANY_CONNECTIONS
        ? 'it has no free connection'
        : `it does not answer (${errorCode(failure) ?? 'no port yet'})`;
  return new EmbeddedPostgresError(`A PostgreSQL with pid ${pid} runs on ${clusterDir}, but ${reason}.`, {
    cause: failure,
  });
}
