import { setTimeout as sleep } from 'node:timers/promises';

/** A server-sent event of the notification stream. */
export interface StreamEvent {
  id: string | null;
  event: string;
  data: { id: string; alert_id: string | null; title: string };
}

/** An open notification stream of a client. */
export interface EventStream {
  readonly response: Response;
  events: StreamEvent[];
  comments: number;
  isClosed: boolean;
  /** Waits for at least this many events. */
  upTo(count: number): Promise<StreamEvent[]>;
  closed(): Promise<void>;
  close(): void;
}

/**
 * Opens the notification stream and collects its events.
 * @param base the URL of the server, without a path.
 * @param after the `Last-Event-ID`.
 */
export async function openEventStream(base: string, token: string, after?: string | null): Promise<EventStream> {
  const abort = new AbortController();
  const response = await fetch(`${base}/api/v1/notifications/stream`, {
    headers: { authorization: `Bearer ${token}`, ...(after ? { 'last-event-id': after } : {}) },
    signal: abort.signal,
  });
  if (response.status !== 200) throw new Error(`the stream was answered ${response.status}: ${await response.text()}`);
  const stream: EventStream = {
    response,
    events: [],
    comments: 0,
    isClosed: false,
    upTo: async (count) => {
      await until(() => stream.events.length >= count, `${count} events`);
      return stream.events;
    },
    closed: () => until(() => stream.isClosed, 'the end of the stream'),
    close: () => abort.abort(),
  };
  void readAll(response, stream);
  return stream;
}

async function readAll(response: Response, stream: EventStream): Promise<void> {
  const decoder = new TextDecoder();
  let text = '';
  try {
    for await (const chunk of response.body!) {
      text += decoder.decode(chunk as Uint8Array, { stream: true });
      const blocks = text.split('\n\n');
      text = blocks.pop()!;
      for (const block of blocks) take(block, stream);
    }
  } catch {
    // The test closed the stream, or the other process ended.
  }
  stream.isClosed = true;
}

function take(block: string, stream: EventStream): void {
  const field = (name: string): string | null => new RegExp(`^${name}: (.*)$`, 'm').exec(block)?.[1] ?? null;
  if (block.startsWith(':')) stream.comments += 1;
  const data = field('data');
  if (data !== null) {
    stream.events.push({ id: field('id'), event: field('event')!, data: JSON.parse(data) as StreamEvent['data'] });
  }
}

/** Waits up to ten seconds for a condition in this process. */
export async function until(condition: () => boolean, what: string): Promise<void> {
  for (const end = Date.now() + 10_000; !condition(); await sleep(10)) {
    if (Date.now() > end) throw new Error(`timed out while waiting for ${what}`);
  }
}
