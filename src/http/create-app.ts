import { ConsoleLogger, type LogLevel } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { DataSource } from 'typeorm';
import { AppModule } from '../app.module.js';
import { requestId } from '../common/http/index.js';
import type { Environment } from '../config/index.js';
import { EvaluationTicker, type PassResult } from '../evaluation/index.js';
import { Heartbeat } from '../heartbeat/index.js';
import { EmailWorker } from '../notifications/index.js';
import { RetentionScheduler } from '../retention/index.js';
import { RevalidationScheduler } from '../revalidation/index.js';
import { SnapshotScheduler } from '../snapshots/index.js';
import { WebhookWorker } from '../webhooks/index.js';
import { configureHttp, createHttpAdapter } from './http-app.js';
import { buildOpenApiDocument, serveOpenApi } from './openapi.js';

const LEVELS: LogLevel[] = ['fatal', 'error', 'warn', 'log', 'debug', 'verbose'];

/** The loggers with which Nest lists its parts at each start. Operators do not need these lines. */
const FRAMEWORK_CONTEXTS = ['InstanceLoader', 'NestApplication', 'NestFactory', 'RouterExplorer', 'RoutesResolver'];

/**
 * Adds the request id to each line of a request, drops Nest's list of its parts, and replaces control characters: a
 * name in a message must not be able to forge a log line.
 */
class VedetteLogger extends ConsoleLogger {
  override log(message: unknown, ...context: unknown[]): void {
    if (!FRAMEWORK_CONTEXTS.includes(context.at(-1) as string)) super.log(oneLine(message), ...(context as [string]));
  }

  override warn(message: unknown, ...context: unknown[]): void {
    super.warn(oneLine(message), ...(context as [string]));
  }

  override error(message: unknown, ...stackAndContext: unknown[]): void {
    super.error(oneLine(message), ...(stackAndContext as [string]));
  }

  protected override formatMessage(
    ...[level, message, pid, label, context, ...rest]: Parameters<ConsoleLogger['formatMessage']>
  ): string {
    const id = requestId();
    return super.formatMessage(level, message, pid, label, id ? `${context}request_id=${id} ` : context, ...rest);
  }

  protected override getJsonLogObject(
    ...parameters: Parameters<ConsoleLogger['getJsonLogObject']>
  ): ReturnType<ConsoleLogger['getJsonLogObject']> {
    const entry = super.getJsonLogObject(...parameters);
    const id = requestId();
    return id ? Object.assign(entry, { request_id: id }) : entry;
  }
}

function oneLine(message: unknown): unknown {
  return typeof message === 'string' ? message.replace(/\p{Cc}+/gu, ' ') : message;
}

export function createLogger(environment: Environment): ConsoleLogger {
  const logLevels = LEVELS.slice(0, LEVELS.indexOf(environment.VEDETTE_LOG_LEVEL) + 1);
  return new VedetteLogger({
    colors: process.stdout.isTTY === true,
    json: environment.VEDETTE_LOG_FORMAT === 'json',
    logLevels,
    prefix: 'Vedette',
  });
}

/**
 * Creates the HTTP application: not listening, and without background work. If that fails, closes the database
 * connection.
 */
export async function createApp(environment: Environment, databaseUrl: string): Promise<NestFastifyApplication> {
  let dataSource: DataSource | undefined;
  try {
    const app = await NestFactory.create<NestFastifyApplication>(
      AppModule.register(environment, databaseUrl, (opened) => (dataSource = opened)),
      createHttpAdapter({ trustProxy: environment.VEDETTE_TRUST_PROXY }),
      { logger: createLogger(environment), abortOnError: false, forceCloseConnections: true },
    );
    await configureHttp(app);
    serveOpenApi(app, buildOpenApiDocument(app, { isDemo: environment.VEDETTE_DEMO }));
    await app.init();
    await app.getHttpAdapter().getInstance().ready();
    return app;
  } catch (error) {
    if (dataSource?.isInitialized) await dataSource.destroy();
    throw error;
  }
}

/** Starts all background work. The engine evaluates once before it begins to tick. */
export async function startBackgroundWork(app: NestFastifyApplication): Promise<PassResult> {
  app.get(WebhookWorker, { strict: false }).start();
  app.get(EmailWorker, { strict: false }).start();
  await app.get(SnapshotScheduler, { strict: false }).start();
  await app.get(RevalidationScheduler, { strict: false }).start();
  app.get(RetentionScheduler, { strict: false }).start();
  const heartbeat = app.get(Heartbeat, { strict: false });
  const ticker = app.get(EvaluationTicker, { strict: false });
  ticker.completed.subscribe(() => void heartbeat.beat());
  return ticker.start();
}
