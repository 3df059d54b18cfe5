import { fork } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { root } from './prepare.mjs';

const STOP_WITH_DEV = pathToFileURL(path.join(root, 'scripts/lib/stop-with-dev.mjs')).href;
const STANDBY = 'scripts/lib/standby.mjs';

/**
 * A process that `npm run dev` starts, stops and restarts. It has its own process group, so that Ctrl-C in the terminal
 * reaches only dev, which stops its processes in the right order.
 */
export class DevProcess {
  #child;
  #spare;

  /**
   * @param name its name in messages.
   * @param script the script, relative to Vedette's own folder.
   * @param options.args arguments of the script.
   * @param options.flags flags of Node itself.
   * @param options.onMessage called with each message that the process sends.
   * @param options.hasSpare whether the next process is prepared while this one runs, so that a restart is quicker.
   */
  constructor(name, script, { args = [], flags = [], onMessage = () => {}, hasSpare = false } = {}) {
    Object.assign(this, { name, script, args, flags, onMessage, hasSpare });
  }

  get isRunning() {
    return this.#child !== undefined;
  }

  start() {
    const child = this.#spare ?? this.#fork();
    this.#spare = undefined;
    this.#child = child;
    if (this.hasSpare) child.send('run');
    child.on('message', (message) => {
      if (this.hasSpare) this.#spare ??= this.#fork();
      this.onMessage(message);
    });
    child.once('exit', (code, signal) => {
      if (this.#child !== child) return;
      this.#child = undefined;
      console.error(`  dev: ${this.name} ended by itself (${signal ?? `exit code ${code}`})`);
    });
  }

  /** Resolves when the process has ended. Vedette always ends by itself within 30 s of the signal. */
  async stop() {
    const child = this.#child;
    if (!child) return;
    this.#child = undefined;
    const exit = once(child, 'exit');
    child.kill('SIGTERM');
    await exit;
  }

  /** Ends the process and the prepared one. */
  async close() {
    this.#spare?.kill();
    this.#spare = undefined;
    await this.stop();
  }

  #fork() {
    const [script, args] = this.hasSpare ? [STANDBY, [this.script, ...this.args]] : [this.script, this.args];
    return fork(path.join(root, script), args, {
      cwd: root,
      execArgv: ['--enable-source-maps', `--import=${STOP_WITH_DEV}`, ...this.flags],
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
      detached: process.platform !== 'win32',
      windowsHide: true,
    });
  }
}
