import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface ReceivedRequest {
  path: string;
  headers: IncomingHttpHeaders;
  body: string;
}

/** A scripted answer: a status with headers, or a function. */
export type ScriptedAnswer =
  | { status: number; headers?: Record<string, string>; body?: string }
  | ((response: ServerResponse, request: IncomingMessage) => void);

/** A real HTTP server on loopback that stores its requests. */
export interface WebhookReceiver {
  /** `127.0.0.1:port`, the format of VEDETTE_WEBHOOK_ALLOWED_HOSTS. */
  host: string;
  url(path?: string): string;
  requests: ReceivedRequest[];
  /** The maximum number of concurrent requests so far. */
  maxConcurrent(): number;
  /** Scripts the next answers of a path. Without a script it answers 204. */
  answer(path: string, ...answers: ScriptedAnswer[]): void;
  /** Resolves when the path has received at least this many requests. */
  received(path: string, count: number): Promise<ReceivedRequest[]>;
  close(): Promise<void>;
}

export async function startWebhookReceiver(): Promise<WebhookReceiver> {
  const requests: ReceivedRequest[] = [];
  const scripts = new Map<string, ScriptedAnswer[]>();
  const server = createServer((request, response) => void handle(request, response));
  let concurrent = 0;
  let maxConcurrent = 0;

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    concurrent += 1;
    maxConcurrent = Math.max(maxConcurrent, concurrent);
    response.on('close', () => (concurrent -= 1));
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const path = request.url ?? '';
    requests.push({ path, headers: request.headers, body: Buffer.concat(chunks).toString('utf8') });
    const answer = scripts.get(path)?.shift() ?? { status: 204 };
    if (typeof answer === 'function') answer(response, request);
    else response.writeHead(answer.status, answer.headers).end(answer.body);
    server.emit('received');
  }

  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    host,
    url: (path = '/') => `http://${host}${path}`,
    requests,
    maxConcurrent: () => maxConcurrent,
    answer: (path, ...answers) => void scripts.set(path, answers),
    received: async (path, count) => {
      for (;;) {
        const found = requests.filter((request) => request.path === path);
        if (found.length >= count) return found;
        await once(server, 'received');
      }
    },
    close: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
