import { execFile } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { errorCode } from './embedded-postgres.error.js';

/**
 * The content of `postmaster.pid`: the running server of a cluster, or the one that ran when the machine stopped. Its
 * lines follow PostgreSQL's `src/include/utils/pidfile.h`: pid, data folder, start time, port, socket folder, listen
 * address, shared memory key, status.
 */
export interface PostmasterFile {
  pid: number;
  /** Missing at the very beginning of a start. */
  port: number | undefined;
  status: string | undefined;
}

export async function readPostmasterFile(clusterDir: string): Promise<PostmasterFile | undefined> {
  let text: string;
  try {
    text = await readFile(join(clusterDir, 'postmaster.pid'), 'utf8');
  } catch (error) {
    if (errorCode(error) === 'ENOENT') {
      return undefined;
    }
    throw error;
  }
  const lines = text.split('\n').map((line) => line.trim());
  const pid = Math.abs(Number.parseInt(lines[0] ?? '', 10));
  const port = Number.parseInt(lines[3] ?? '', 10);
  return Number.isNaN(pid) || pid === 0
    ? undefined
    : { pid, port: Number.isNaN(port) ? undefined : port, status: lines[7] || undefined };
}

/** The port of the last start, from `postmaster.opts`. Using it again lets other processes reconnect after a crash. */
export async function readLastPort(clusterDir: string): Promise<number | undefined> {
  const options = await readFile(join(clusterDir, 'postmaster.opts'), 'utf8').catch(() => '');
  const port = /"port=(\d+)"/.exec(options)?.[1];
  return port === undefined ? undefined : Number(port);
}

/**
 * The owner of a pid: `ours` if it runs this cluster, `other` for another program, `gone` if no process has it, and
 * `unknown` if the system does not tell.
 */
export async function identifyProcess(pid: number, clusterDir: string): Promise<'ours' | 'other' | 'gone' | 'unknown'> {
  try {
    process.kill(pid, 0);
  } catch (error) {
    if (errorCode(error) !== 'EPERM') {
      return 'gone';
    }
  }
  if (process.platform === 'win32') {
    return 'unknown';
  }
  try {
    if (process.platform === 'linux') {
      // A zombie process has an empty command line, and therefore counts as another program.
      return (await readFile(`/proc/${pid}/cmdline`, 'utf8')).split('\0').includes(clusterDir) ? 'ours' : 'other';
    }
    const { stdout } = await promisify(execFile)('ps', ['-ww', '-o', 'command=', '-p', String(pid)]);
    return stdout.includes(clusterDir) ? 'ours' : 'other';
  } catch {
    return 'unknown';
  }
}

/**
 * Lets PostgreSQL replace a pid file whose pid belongs to another program, which it would refuse for ever. PostgreSQL
 * ignores its parent's pid, so this writes our own pid into it. The file must stay, because its shared memory key
 * blocks a new server while processes of the old one live.
 */
export async function disownPostmasterFile(clusterDir: string): Promise<void> {
  const path = join(clusterDir, 'postmaster.pid');
  const lines = (await readFile(path, 'utf8')).split('\n');
  await writeFile(path, [String(process.pid), ...lines.slice(1)].join('\n'));
}
