import { createServer } from 'node:http';

const ARRIVAL_TIMEOUT_MS = 30_000;

/** A receiver in this process, so that it has the same clock: it notes when a webhook has arrived whole and answers 204; below `/hang` it takes everything and answers nothing. */
export async function startNotingReceiver() {
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
    /** The next webhook of this rule or alert: when it arrived, and its data. */
    next: (id) =>
      new Promise((resolve, reject) => {
        const late = setTimeout(() => reject(new Error('a webhook did not arrive')), ARRIVAL_TIMEOUT_MS);
        waiting.set(id, (arrived) => {
          clearTimeout(late);
          waiting.delete(id);
          resolve(arrived);
        });
      }),
    close: () => new Promise((resolve) => server.close(resolve).closeAllConnections()),
  };
}
