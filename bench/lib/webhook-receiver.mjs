// A receiver in a thread of its own, so that it takes as little as it can from whoever sends: answers 204 as soon as a body is there.
import { createServer } from 'node:http';
import { fileURLToPath } from 'node:url';
import { isMainThread, parentPort, Worker } from 'node:worker_threads';

/** @returns where it listens, how many requests have come, and a way to stop it. */
export async function startReceiver() {
  const worker = new Worker(fileURLToPath(import.meta.url));
  const answer = () => new Promise((resolve) => worker.once('message', resolve));
  const port = await answer();
  return {
    host: `127.0.0.1:${port}`,
    received: () => {
      worker.postMessage('count');
      return answer();
    },
    stop: () => worker.terminate(),
  };
}

if (!isMainThread) {
  let count = 0;
  const server = createServer((request, response) => {
    request.resume();
    request.on('end', () => {
      count++;
      response.writeHead(204).end();
    });
  });
  server.keepAliveTimeout = 60_000;
  server.listen(0, '127.0.0.1', () => parentPort.postMessage(server.address().port));
  parentPort.on('message', () => parentPort.postMessage(count));
}
