import { copyFile, open, stat, truncate } from 'node:fs/promises';

const MAX_BYTES = 5 * 1024 * 1024;
const TAIL_LINES = 20;
const TAIL_BYTES = 16 * 1024;

/**
 * Limits the size of the log: after 5 MB it is copied to `<path>.1`. The file is emptied in place, because a running
 * server keeps appending to the open file.
 */
export async function rotateServerLog(path: string): Promise<void> {
  const size = await sizeOf(path);
  if (size > MAX_BYTES) {
    await copyFile(path, `${path}.1`);
    await truncate(path);
  }
}

/** The size in bytes; 0 if the file does not exist. */
export async function sizeOf(path: string): Promise<number> {
  return stat(path).then(
    (stats) => stats.size,
    () => 0,
  );
}

/** The last lines since the file had `fromByte` bytes. Reads only the end of a long file. */
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
