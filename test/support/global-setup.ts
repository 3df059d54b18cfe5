import { createTemplate } from './databases.js';
import { startTestServer, type TestServer } from './server.js';

declare global {
  var testServer: TestServer | undefined;
}

/** Runs once before a suite: starts a server and creates the migrated template that each test file clones. */
export default async function globalSetup(): Promise<void> {
  globalThis.testServer ??= await startTestServer();
  process.env.VEDETTE_TEST_SERVER_URL = globalThis.testServer.url;
  await createTemplate(globalThis.testServer.url);
}
