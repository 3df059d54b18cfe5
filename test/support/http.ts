import type { ModuleMetadata } from '@nestjs/common';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { Environment } from '../../src/config/index.js';
import { configureHttp, createHttpAdapter } from '../../src/http/http-app.js';
import { startTestModule, type TestContext } from './test-module.js';

export interface Answer {
  status: number;
  headers: Record<string, string | string[] | undefined>;
  /** The parsed JSON, or the text if it is not JSON; undefined for an empty answer. */
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- tests read untyped JSON
  body: any;
}

export interface TestHttp extends TestContext {
  app: NestFastifyApplication;
  /** Makes a request without a socket. `path` is the full path, such as `/api/v1/rules`. */
  request(
    method: string,
    path: string,
    options?: { token?: string; body?: unknown; headers?: Record<string, string> },
  ): Promise<Answer>;
}

/** Starts the given modules with HTTP, like {@link startTestModule}. */
export async function startTestHttp(
  modules: NonNullable<ModuleMetadata['imports']>,
  options: { environment?: Partial<Environment>; providers?: ModuleMetadata['providers'] } = {},
): Promise<TestHttp> {
  const context = await startTestModule(modules, { ...options, init: false });
  const app = context.module.createNestApplication<NestFastifyApplication>(createHttpAdapter());
  await configureHttp(app);
  await app.init();
  await app.getHttpAdapter().getInstance().ready();
  return {
    ...context,
    app,
    close: async () => {
      await app.close();
      await context.database.drop();
    },
    request: async (method, path, { token, body, headers = {} } = {}) => {
      const response = await app.inject({
        method: method as 'GET',
        url: path,
        headers: { ...(token ? { authorization: `Bearer ${token}` } : {}), ...headers },
        ...(body === undefined ? {} : { payload: body as object }),
      });
      return {
        status: response.statusCode,
        headers: response.headers as Answer['headers'],
        body: parse(response.body),
      };
    },
  };
}

function parse(text: string): unknown {
  if (text === '') return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
