import { dropTestDatabases } from './databases.js';

/** Runs once after a suite: removes all test databases from the server. */
export default async function globalTeardown(): Promise<void> {
  const server = globalThis.testServer;
  if (!server) return;
  globalThis.testServer = undefined;
  await dropTestDatabases(server.url);
  await server.stop();
}
