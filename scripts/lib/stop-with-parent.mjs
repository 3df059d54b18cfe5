// Runs before anything is installed: Node's own modules only.
import { readFileSync } from 'node:fs';
import path from 'node:path';

const POLL_MS = 500;
const SHELLS = ['sh', 'dash', 'bash', 'zsh', 'ksh', 'ash', 'busybox'];

/**
 * Stops this process when npm, which started it, is gone. npm runs a script through `sh -c`. On SIGTERM npm ends, and
 * the shell ends or not, but neither passes the signal on to this process.
 * @returns a function that says whether npm is gone, for a moment when no timer can run.
 */
export function stopWithNpm() {
  return process.env.npm_lifecycle_event ? stopWithParent() : () => false;
}

/** Stops this process, as SIGTERM does, when its parent is gone. If its parent is a shell, the shell's parent counts too. */
export function stopWithParent() {
  const parent = process.ppid;
  const behindShell = processBehindShell(parent);
  const isGone = () =>
    process.ppid !== parent || !isAlive(parent) || (behindShell && parentOf(parent)?.pid !== behindShell);
  const timer = setInterval(() => {
    if (!isGone()) return;
    clearInterval(timer);
    // What was printed to may be gone too, and a write to it must not end the process before the database is stopped.
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

/** The name of a process and the id of its parent. Known on Linux only, which shows them as files. */
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
