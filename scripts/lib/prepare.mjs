// Runs before packages are installed, so it uses only Node's own modules.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..');

const INSTALL_STAMP = path.join(root, 'node_modules/.vedette-lockfile');
export const BUILD_STAMP = path.join(root, 'dist/.vedette-sources');
const SOURCES = ['src', 'migrations', 'nest-cli.json', 'tsconfig.json', 'tsconfig.build.json', 'package-lock.json'];

/** Installs the packages of the lockfile, unless they are installed already. */
export function install() {
  requireNode(20, 19);
  const wanted = digest(['package-lock.json']);
  if (read(INSTALL_STAMP) === wanted) return;
  console.log('  installing packages (npm ci; under a minute on most machines) ...');
  run('npm', ['ci', '--include=dev', '--include=optional', '--no-audit', '--no-fund', '--loglevel=error']);
  writeFileSync(INSTALL_STAMP, wanted);
}

/** Whether one full build compiled `dist/` from the current sources. */
export function isBuilt() {
  return read(BUILD_STAMP) === digest(SOURCES);
}

/** Compiles to `dist/`, unless {@link isBuilt}. */
export function build() {
  if (isBuilt()) return;
  const wanted = digest(SOURCES);
  console.log('  building ...');
  run(process.execPath, [path.join(root, 'node_modules/@nestjs/cli/bin/nest.js'), 'build']);
  writeFileSync(BUILD_STAMP, wanted);
}

/** Runs a command in the project's folder with this terminal. If it fails, ends this process with its exit code. */
export function run(command, args, options = {}) {
  const { status, error } = spawnSync(command, args, {
    cwd: root,
    stdio: 'inherit',
    shell: process.platform === 'win32',
    ...options,
  });
  if (error) fail(`${command} could not be started: ${error.message}`);
  if (status !== 0) {
    console.error(`${[path.basename(command), ...args].join(' ')} failed`);
    process.exit(status ?? 1);
  }
}

function requireNode(major, minor) {
  const [haveMajor, haveMinor] = process.versions.node.split('.').map(Number);
  if (haveMajor < major || (haveMajor === major && haveMinor < minor)) {
    fail(`Vedette needs Node.js ${major}.${minor} or newer; this is ${process.versions.node}.`);
  }
}

function fail(message) {
  console.error(message);
  process.exit(1);
}

function read(file) {
  return existsSync(file) ? readFileSync(file, 'utf8') : undefined;
}

/** SHA-256 over the paths and contents of files and whole folders. */
function digest(names) {
  const hash = createHash('sha256');
  const add = (name) => {
    const file = path.join(root, name);
    const entries = readdirSync(path.dirname(file), { withFileTypes: true });
    if (entries.find((entry) => entry.name === path.basename(file))?.isDirectory()) {
      for (const child of readdirSync(file).sort()) add(path.join(name, child));
    } else {
      hash.update(`${name}\0`).update(readFileSync(file)).update('\0');
    }
  };
  for (const name of names) add(name);
  return hash.digest('hex');
}
