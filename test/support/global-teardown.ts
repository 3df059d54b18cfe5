import { dropTestDatabases } from './databases.js';

/** Runs once after a suite: nothing of the tests is left on the server. */
export default async function globalTeardown(): Promise<void> {
  const server = globalThis.testServer;
  if (!server) return;
  globalThis.testServer = undefined;
  await dropTestDatabases(server.url);
  await server.stop();
}
