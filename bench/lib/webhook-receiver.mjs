// A receiver in a thread of its own that takes as little as it can from whoever sends: it reads each request by its Content-Length and answers 204.
import { createServer } from 'node:net';
import { fileURLToPath } from 'node:url';
import { isMainThread, parentPort, Worker } from 'node:worker_threads';

const HEAD_END = Buffer.from('\r\n\r\n');
const CONTENT_LENGTH = /\r\ncontent-length: (\d+)\r\n/i;
const ANSWER = Buffer.from('HTTP/1.1 204 No Content\r\nDate: Thu, 01 Jan 1970 00:00:00 GMT\r\n\r\n');

/** @returns where it listens, how many requests have come, when there are so many, and a way to stop it. */
export async function startReceiver() {
  const worker = new Worker(fileURLToPath(import.meta.url));
  const answer = () => new Promise((resolve) => worker.once('message', resolve));
  const port = await answer();
  return {
    host: `127.0.0.1:${port}`,
    received: () => {
      worker.postMessage(0);
      return answer();
    },
    /** Nobody has to ask time and again, which takes from what is measured. */
    receives: (count) => {
      worker.postMessage(count);
      return answer();
    },
    stop: () => worker.terminate(),
  };
}

/** How many bytes the first whole request of what has come takes; 0 where it is not whole yet. */
function lengthOfRequest(come) {
  const headLength = come.indexOf(HEAD_END);
  if (headLength === -1) return 0;
  const head = come.latin1Slice(0, headLength + 2);
  const length = headLength + HEAD_END.length + Number(CONTENT_LENGTH.exec(head)?.[1] ?? NaN);
  if (!head.startsWith('POST ') || Number.isNaN(length)) throw new Error(`not a POST with a length: ${head}`);
  return come.length < length ? 0 : length;
}

if (!isMainThread) {
  let count = 0;
  let awaited = Infinity;
  const server = createServer({ noDelay: true }, (socket) => {
    let come = Buffer.alloc(0);
    socket.on('error', () => undefined);
    socket.on('data', (chunk) => {
      come = come.length === 0 ? chunk : Buffer.concat([come, chunk]);
      for (let length = lengthOfRequest(come); length > 0; length = lengthOfRequest(come)) {
        come = come.subarray(length);
        count++;
        socket.write(ANSWER);
        if (count >= awaited) tell();
      }
    });
  });
  server.listen(0, '127.0.0.1', () => parentPort.postMessage(server.address().port));
  const tell = () => {
    awaited = Infinity;
    parentPort.postMessage(count);
  };
  parentPort.on('message', (least) => {
    awaited = least;
    if (count >= awaited) tell();
  });
}
