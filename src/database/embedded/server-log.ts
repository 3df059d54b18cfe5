import { copyFile, open, stat, truncate } from 'node:fs/promises';

const MAX_BYTES = 5 * 1024 * 1024;
const TAIL_LINES = 20;
const TAIL_BYTES = 16 * 1024;

/**
 * Keeps the log bounded: past 5 MB it becomes `<path>.1`. It is emptied in place, because a server that is being adopted goes on appending to
 * the file it has open.
 */
export async function rotateServerLog(path: string): Promise<void> {
  const size = await sizeOf(path);
  if (size > MAX_BYTES) {
    await copyFile(path, `${path}.1`);
    await truncate(path);
  }
}

/** The size in bytes; 0 for a file that does not exist. */
export async function sizeOf(path: string): Promise<number> {
  return stat(path).then(
    (stats) => stats.size,
    () => 0,
  );
}

/** The last lines written since the file had `fromByte` bytes; only the end of a long file is read. */
export async function readServerLogTail(path: string, fromByte: number): Promise<string> {
  const size = await sizeOf(path);
  const start = Math.max(fromByte, size - TAIL_BYTES, 0);
  if (size <= start) {
    return '';
  }
  const handle = await open(path, 'r');
  try {
    const buffer = Buffer.alloc(size - start);
    const { bytesRead } = await handle.read(buffer, 0, buffer.length, start);
    return buffer.toString('utf8', 0, bytesRead).trimEnd().split('\n').slice(-TAIL_LINES).join('\n');
  } finally {
    await handle.close();
  }
}
