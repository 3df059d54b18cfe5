// `npm run dev`: Vedette on the usual database, compiled and started again after each change of a source.
// `npm run debug`: the same, with the application open for a debugger on port 9229.
import { DevProcess } from './lib/dev-processes.mjs';
import { loadEnvironmentFile } from './lib/environment-file.mjs';
import { install, isBuilt, root } from './lib/prepare.mjs';
import { stopWithNpm } from './lib/stop-with-parent.mjs';

const MAIN = 'dist/src/main.js';

stopWithNpm();
process.chdir(root);
install();
loadEnvironmentFile();

let changedAt = Date.now();
let isStopping = false;
let restarting;
let isRestartDue = false;
/** True after the first compilation. */
let isWatching = false;

// The database is a separate process, so that it keeps running when the application restarts.
const database = new DevProcess('the database', MAIN, { args: ['--database-only'] });
const isDebugged = process.argv.includes('--inspect');
const application = new DevProcess('the application', MAIN, {
  flags: isDebugged ? ['--inspect=127.0.0.1:9229'] : [],
  // Only one process can have the debugger's port.
  hasSpare: !isDebugged,
  onMessage: () => say(`ready after ${((Date.now() - changedAt) / 1000).toFixed(1)} s`),
});
const compiler = new DevProcess('the compiler', 'scripts/lib/compiler-process.mjs', { onMessage: afterCompilation });
// A development server of a user interface belongs here: one more DevProcess, started below and stopped in stop().

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => void stop());
if (isBuilt()) await restart();
compiler.start();

function afterCompilation({ errors, changed, startedAt }) {
  if (isStopping) return;
  if (!isWatching) say('watching: a change of a source starts the application again');
  isWatching = true;
  if (errors > 0) {
    const isRunning = application.isRunning ? 'the previous application keeps running' : 'nothing runs';
    say(`${errors === 1 ? 'an error' : `${errors} errors`}, see above; ${isRunning}`);
  } else if (changed || !application.isRunning) {
    changedAt = startedAt;
    void restart();
  }
}

/** Starts the application again, and once more if something has changed meanwhile. */
async function restart() {
  isRestartDue = true;
  restarting ??= restartWhileDue().finally(() => (restarting = undefined));
  await restarting;
}

async function restartWhileDue() {
  while (isRestartDue && !isStopping) {
    isRestartDue = false;
    await application.stop();
    if (isStopping) return;
    if (!process.env.DATABASE_URL && !database.isRunning) database.start();
    application.start();
  }
}

async function stop() {
  if (isStopping) return;
  isStopping = true;
  say('stopping ...');
  await restarting;
  await Promise.all([application.close(), compiler.close()]);
  // Last: it stops PostgreSQL only if no other process uses it.
  await database.close();
  process.exit(0);
}

function say(line) {
  console.log(`  dev: ${line}`);
}
