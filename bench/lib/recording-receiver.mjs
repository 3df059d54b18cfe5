import { createServer } from 'node:http';

const ARRIVAL_TIMEOUT_MS = 30_000;

/**
 * Starts a receiver in this process, so that both use the same clock. It records when a whole webhook has arrived
 * and answers 204. Under `/hang` it reads requests and never answers.
 */
export async function startRecordingReceiver() {
  const waiting = new Map();
  const server = createServer((request, response) => {
    const chunks = [];
    request.on('data', (chunk) => chunks.push(chunk));
    request.on('end', () => {
      if (request.url.startsWith('/hang')) return;
      const at = performance.now();
      response.writeHead(204).end();
      const { data } = JSON.parse(Buffer.concat(chunks).toString('utf8'));
      for (const id of [data.rule_id, data.alert_id]) waiting.get(id)?.({ at, data });
    });
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const host = `127.0.0.1:${server.address().port}`;
  return {
    host,
    url: (path) => `http://${host}${path}`,
    /** Waits for the next webhook of this rule or alert. @returns when it arrived, and its data. */
    next: (id) =>
      new Promise((resolve, reject) => {
        const timeout = setTimeout(() => reject(new Error('a webhook did not arrive in time')), ARRIVAL_TIMEOUT_MS);
        waiting.set(id, (arrived) => {
          clearTimeout(timeout);
          waiting.delete(id);
          resolve(arrived);
        });
      }),
    close: () => new Promise((resolve) => server.close(resolve).closeAllConnections()),
  };
}
