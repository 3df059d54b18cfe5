// Runs before packages are installed, so it uses only Node's own modules.
import { readFileSync } from 'node:fs';
import path from 'node:path';

const POLL_MS = 500;
const SHELLS = ['sh', 'dash', 'bash', 'zsh', 'ksh', 'ash', 'busybox'];

/**
 * Stops this process when npm, which started it, has ended. npm runs a script through `sh -c`. On SIGTERM neither npm
 * nor the shell passes the signal on to this process.
 * @returns a function that checks whether npm has ended, for times when no timer can run.
 */
export function stopWithNpm() {
  return process.env.npm_lifecycle_event ? stopWithParent() : () => false;
}

/** Stops this process like SIGTERM when its parent has ended, or when its parent is a shell whose parent has ended. */
export function stopWithParent() {
  const parent = process.ppid;
  const behindShell = processBehindShell(parent);
  const isGone = () =>
    process.ppid !== parent || !isAlive(parent) || (behindShell && parentOf(parent)?.pid !== behindShell);
  const timer = setInterval(() => {
    if (!isGone()) return;
    clearInterval(timer);
    // The terminal may be closed too, and a write to it must not end the process before the database is stopped.
    for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {});
    if (!process.emit('SIGTERM', 'SIGTERM')) process.exit(143);
  }, POLL_MS);
  timer.unref();
  return isGone;
}

function processBehindShell(pid) {
  const parent = parentOf(pid);
  return parent && SHELLS.includes(path.basename(parent.name)) ? parent.pid : undefined;
}

/** The name of a process and the id of its parent. Works only on Linux, which shows them as files. */
function parentOf(pid) {
  try {
    const [, name, parent] = /\((.*)\) \S (\d+)/s.exec(readFileSync(`/proc/${pid}/stat`, 'utf8'));
    return { name, pid: Number(parent) };
  } catch {
    return undefined;
  }
}

function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === 'EPERM';
  }
}
