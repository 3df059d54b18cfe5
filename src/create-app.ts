import { ConsoleLogger, type LogLevel } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { AppModule } from './app.module.js';
import { requestId } from './common/request-context.js';
import type { Environment } from './config/index.js';
import { EvaluationTicker, type PassResult } from './evaluation/index.js';
import { configureHttp, createHttpAdapter } from './http-app.js';
import { buildOpenApiDocument, serveOpenApi } from './openapi.js';
import { SnapshotScheduler } from './posture/index.js';
import { WebhookWorker } from './webhooks/index.js';

const LEVELS: LogLevel[] = ['fatal', 'error', 'warn', 'log', 'debug', 'verbose'];

/** Where Nest says at each start which of its parts it has put together: nothing that somebody who runs Vedette acts on. */
const FRAMEWORK_CONTEXTS = ['InstanceLoader', 'NestApplication', 'NestFactory', 'RouterExplorer', 'RoutesResolver'];

/** Adds the request's id to each line that a request causes, and leaves out the framework's roll call. */
class VedetteLogger extends ConsoleLogger {
  override log(message: unknown, ...context: unknown[]): void {
    if (!FRAMEWORK_CONTEXTS.includes(context.at(-1) as string)) super.log(message, ...(context as [string]));
  }

  protected override getJsonLogObject(
    ...parameters: Parameters<ConsoleLogger['getJsonLogObject']>
  ): ReturnType<ConsoleLogger['getJsonLogObject']> {
    const entry = super.getJsonLogObject(...parameters);
    const id = requestId();
    return id ? Object.assign(entry, { request_id: id }) : entry;
  }
}

export function createLogger(environment: Environment): ConsoleLogger {
  const logLevels = LEVELS.slice(0, LEVELS.indexOf(environment.VEDETTE_LOG_LEVEL) + 1);
  return new VedetteLogger({
    colors: process.stdout.isTTY,
    json: environment.VEDETTE_LOG_FORMAT === 'json',
    logLevels,
    prefix: 'Vedette',
  });
}

/** The application behind HTTP, not listening yet and with nothing running in the background. */
export async function createApp(environment: Environment, databaseUrl: string): Promise<NestFastifyApplication> {
  const app = await NestFactory.create<NestFastifyApplication>(
    AppModule.register(environment, databaseUrl),
    createHttpAdapter({ trustProxy: environment.VEDETTE_TRUST_PROXY }),
    { logger: createLogger(environment), abortOnError: false, forceCloseConnections: true },
  );
  await configureHttp(app);
  serveOpenApi(app, buildOpenApiDocument(app, { isDemo: environment.VEDETTE_DEMO }));
  await app.init();
  await app.getHttpAdapter().getInstance().ready();
  return app;
}

/** Starts what runs by itself: webhook deliveries, the daily snapshot, and the engine, which evaluates once before it begins to tick. */
export async function startBackgroundWork(app: NestFastifyApplication): Promise<PassResult> {
  app.get(WebhookWorker, { strict: false }).start();
  await app.get(SnapshotScheduler, { strict: false }).start();
  return app.get(EvaluationTicker, { strict: false }).start();
}
