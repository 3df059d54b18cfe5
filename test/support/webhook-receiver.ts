import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface ReceivedRequest {
  path: string;
  headers: IncomingHttpHeaders;
  body: string;
}

/** Answers a request in its own way: a status with headers, or whatever the function does. */
export type ScriptedAnswer =
  | { status: number; headers?: Record<string, string>; body?: string }
  | ((response: ServerResponse, request: IncomingMessage) => void);

/** A real HTTP server on loopback that keeps what it gets. */
export interface WebhookReceiver {
  /** `127.0.0.1:port`, as VEDETTE_WEBHOOK_ALLOWED_HOSTS takes it. */
  host: string;
  url(path?: string): string;
  requests: ReceivedRequest[];
  /** The most requests that were being answered at the same time. */
  mostAtOnce(): number;
  /** Scripts the next answers to a path; after them, and everywhere else, it answers 204. */
  answer(path: string, ...answers: ScriptedAnswer[]): void;
  /** Resolves when so many requests have come to the path. */
  received(path: string, count: number): Promise<ReceivedRequest[]>;
  close(): Promise<void>;
}

export async function startWebhookReceiver(): Promise<WebhookReceiver> {
  const requests: ReceivedRequest[] = [];
  const scripts = new Map<string, ScriptedAnswer[]>();
  const server = createServer((request, response) => void handle(request, response));
  let atOnce = 0;
  let mostAtOnce = 0;

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    atOnce += 1;
    mostAtOnce = Math.max(mostAtOnce, atOnce);
    response.on('close', () => (atOnce -= 1));
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
    mostAtOnce: () => mostAtOnce,
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
