import { spawn, type ChildProcess } from 'node:child_process';
import { createServer } from 'node:net';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

export const ADMIN_EMAIL = 'admin@vedette.local';
export const ADMIN_PASSWORD = 'the admin of the tests';
export const SECRET_KEY = 'a key that only the tests know, 32 characters';

export interface HttpAnswer {
  status: number;
  headers: Headers;
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- tests read untyped JSON
  body: any;
}

export interface RequestOptions {
  token?: string;
  body?: unknown;
  headers?: Record<string, string>;
}

/** The built application as a separate process, as users run it. */
export class VedetteProcess {
  output = '';
  readonly exited: Promise<number | null>;

  private constructor(
    readonly port: number,
    private readonly child: ChildProcess,
  ) {
    for (const stream of [child.stdout, child.stderr]) {
      stream?.on('data', (chunk: Buffer) => (this.output += chunk.toString()));
    }
    this.exited = new Promise((resolve) => child.once('exit', (code) => resolve(code)));
  }

  /** Starts the process and waits until it prints its address. */
  static async start(env: Record<string, string>): Promise<VedetteProcess> {
    const vedette = await VedetteProcess.launch(env);
    await vedette.waitForOutput('Ctrl-C stops it.');
    return vedette;
  }

  /** Starts the process without waiting. */
  static async launch(env: Record<string, string>): Promise<VedetteProcess> {
    const port = env.PORT ? Number(env.PORT) : await freePort();
    const child = spawn(process.execPath, [path.resolve('dist/src/main.js')], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: {
        PATH: process.env.PATH,
        HOME: process.env.HOME,
        VEDETTE_SECRET_KEY: SECRET_KEY,
        VEDETTE_ADMIN_PASSWORD: ADMIN_PASSWORD,
        ...env,
        PORT: String(port),
      },
    });
    return new VedetteProcess(port, child);
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  async waitForOutput(text: string, timeoutMs = 60_000): Promise<void> {
    for (const end = Date.now() + timeoutMs; Date.now() < end; await sleep(50)) {
      if (this.output.includes(text)) return;
      if (this.child.exitCode !== null) break;
    }
    throw new Error(`Vedette did not print "${text}". It printed:\n${this.output}`);
  }

  /** Sends a request. `path` is the full path, such as `/api/v1/rules`. */
  async request(method: string, path: string, { token, body, headers = {} }: RequestOptions = {}): Promise<HttpAnswer> {
    const response = await fetch(this.url + path, {
      method,
      headers: {
        ...(token ? { authorization: `Bearer ${token}` } : {}),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...headers,
      },
      body: body === undefined ? undefined : typeof body === 'string' ? body : JSON.stringify(body),
    });
    const text = await response.text();
    return { status: response.status, headers: response.headers, body: parse(text) };
  }

  /** Sends a request under `/api/v1` and returns the body. Throws unless the status is 2xx. */
  async api(method: string, path: string, options: RequestOptions = {}): Promise<HttpAnswer['body']> {
    const answer = await this.request(method, `/api/v1${path}`, options);
    if (answer.status >= 300) {
      throw new Error(`${method} ${path} was answered ${answer.status}: ${JSON.stringify(answer.body)}`);
    }
    return answer.body;
  }

  async signIn(email = ADMIN_EMAIL, password = ADMIN_PASSWORD): Promise<string> {
    return (await this.api('POST', '/auth/login', { body: { email, password } })).access_token;
  }

  /** Stops the process like an operator and returns its exit code. */
  async stop(signal: 'SIGTERM' | 'SIGINT' = 'SIGTERM'): Promise<number | null> {
    this.child.kill(signal);
    return this.exited;
  }

  /** Kills the process with `kill -9`. */
  async kill(): Promise<void> {
    this.child.kill('SIGKILL');
    await this.exited;
  }
}

function parse(text: string): unknown {
  try {
    return text === '' ? undefined : JSON.parse(text);
  } catch {
    return text;
  }
}

export async function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address ? address.port : 0));
    });
  });
}

/** Waits until `condition` returns true, with a check every 50 ms. */
export async function eventually(
  condition: () => Promise<boolean> | boolean,
  what: string,
  timeoutMs = 20_000,
): Promise<void> {
  for (const end = Date.now() + timeoutMs; Date.now() < end; await sleep(50)) {
    if (await condition()) return;
  }
  throw new Error(`timed out after ${timeoutMs} ms: ${what}`);
}
