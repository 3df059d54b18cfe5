import 'reflect-metadata';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { readEnvironment, type Environment } from './config/index.js';
import { openDatabaseServer, type DatabaseServer } from './database/index.js';
import { DEMO_PASSWORD, DEMO_USERS } from './demo/index.js';
import type { PassResult } from './evaluation/index.js';
import { createApp, startBackgroundWork } from './http/index.js';
import { SetupService, type SetupResult } from './setup/index.js';

/** After this time the process exits without waiting longer. The claims of its unfinished work expire by themselves. */
const STOP_TIMEOUT_MS = 30_000;

/** Kept as promises, so that a stop during the start can wait for them and then close the results. */
let opening: Promise<DatabaseServer> | undefined;
let creating: Promise<NestFastifyApplication> | undefined;
let isStopping = false;

/** Starts the database and nothing else, and keeps it running until this process is stopped. For `npm run dev`. */
const isDatabaseOnly = process.argv.includes('--database-only');
const KEEP_ALIVE_MS = 60_000;

async function main(): Promise<void> {
  const environment = readEnvironment();
  const say = speaker(environment);
  opening = openDatabaseServer(environment, (line) => say(`  ${line}`));
  const server = await opening;
  if (isStopping) return;
  if (isDatabaseOnly) {
    setInterval(() => {}, KEEP_ALIVE_MS);
    process.send?.('ready');
    return;
  }
  creating = createApp(environment, server.url);
  const app = await creating;
  if (isStopping) return;
  const setup = await app.get(SetupService, { strict: false }).run((line) => say(`  ${line}`));
  try {
    await app.listen(environment.PORT, environment.HOST);
    const firstPass = await startBackgroundWork(app);
    for (const line of greeting(environment, setup, firstPass, await app.getUrl(), server)) say(line);
    process.send?.('ready');
  } catch (error) {
    // The first admin is already committed. Their password is shown only here.
    if (setup.generatedPassword) for (const line of signIn(setup)) say(line);
    throw error;
  }
}

/** Prints to the console at any log level, because these lines may never be printed again. */
function speaker({ VEDETTE_LOG_FORMAT: format }: Environment): (line: string) => void {
  return (line) => {
    if (format === 'text') {
      console.log(line);
    } else if (line) {
      console.log(JSON.stringify({ level: 'log', timestamp: Date.now(), context: 'Start', message: line.trim() }));
    }
  };
}

function greeting(
  environment: Environment,
  setup: SetupResult,
  firstPass: PassResult,
  address: string,
  server: DatabaseServer,
): string[] {
  const { fired, rulesEvaluated } = firstPass;
  return [
    '',
    environment.VEDETTE_DEMO
      ? 'Vedette is running. THIS IS A DEMO: everything in it is generated.'
      : 'Vedette is running.',
    '',
    `  address   ${address}`,
    `  explorer  ${address}/docs`,
    ...(environment.VEDETTE_DEMO ? demoSignIn() : signIn(setup)),
    `  database  ${server.description}`,
    '',
    `  ${rulesEvaluated} rules evaluated, ${fired.length} alerts fired${fired.length > 0 ? ':' : '.'}`,
    ...fired.map((alert) => `    [${alert.severity}] ${alert.title}`),
    '',
    '  Ctrl-C stops it.',
    '',
  ];
}

function signIn({ adminEmail, generatedPassword }: SetupResult): string[] {
  const password = generatedPassword
    ? `${generatedPassword}   (shown this once)`
    : `the one set or printed at the first start (lost: npx vedette user reset-password ${adminEmail})`;
  return [`  sign-in   ${adminEmail}`, `  password  ${password}`];
}

function demoSignIn(): string[] {
  const people = DEMO_USERS.filter(({ isActive }) => isActive).map(
    ({ email, role }) => `            ${email} (${role})`,
  );
  return [`  password  ${DEMO_PASSWORD}   for each of`, ...people];
}

async function stop(exitCode: number): Promise<never> {
  setTimeout(() => process.exit(1), STOP_TIMEOUT_MS).unref();
  try {
    await (await creating?.catch(() => undefined))?.close();
  } finally {
    await (await opening?.catch(() => undefined))?.stop();
  }
  process.exit(exitCode);
}

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.on(signal, () => {
    if (isStopping) return;
    isStopping = true;
    if (!isDatabaseOnly) console.log('  stopping ...');
    stop(0).catch((error: unknown) => {
      console.error('Vedette did not stop cleanly:', error);
      process.exit(1);
    });
  });
}

main().catch(async (error: unknown) => {
  if (isStopping) return;
  isStopping = true;
  console.error(`Vedette could not start: ${describe(error)}`);
  await stop(1).catch(() => process.exit(1));
});

/**
 * Host refused, unknown or unreachable; wrong password, user or database; too many connections; starting up (SQLSTATE
 * classes 28, 3D, 53, 57).
 */
const CANNOT_CONNECT = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'ETIMEDOUT',
  '28P01',
  '28000',
  '3D000',
  '53300',
  '57P03',
]);

/** A message that the operator can act on. The stack is left out if the message says enough. */
function describe(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { code, port } = error as NodeJS.ErrnoException & { port?: number };
  if (code === 'EADDRINUSE') return `port ${port} is in use. Stop what listens there, or choose another with PORT.`;
  if (CANNOT_CONNECT.has(code ?? '')) return `the database does not let us in: ${error.message}. See DATABASE_URL.`;
  if (code === 'EADDRNOTAVAIL') return `${error.message}: this machine has no such address. See HOST.`;
  if (['EACCES', 'ENOTDIR', 'EROFS', 'ENOSPC'].includes(code ?? '')) return `${error.message}. See VEDETTE_DATA_DIR.`;
  if (['EnvironmentError', 'EmbeddedPostgresError', 'DomainError'].includes(error.name)) return error.message;
  return error.stack ?? error.message;
}
