import { Client } from 'undici';
import { ApiKeysService } from '../../dist/src/auth/index.js';
import { readEnvironment } from '../../dist/src/config/index.js';
import { createApp } from '../../dist/src/http/create-app.js';
import { Transactions } from '../../dist/src/database/index.js';
import { SystemRulesService } from '../../dist/src/rules/index.js';

/**
 * The application in this process, listening on a free port of 127.0.0.1, its schema migrated and nothing running in the background.
 * @param url of a database.
 * @param settings variables beside those that every benchmark needs.
 */
export async function startApplication(url, settings = {}) {
  const environment = readEnvironment({
    DATABASE_URL: url,
    VEDETTE_SECRET_KEY: 'this key protects benchmark data only',
    VEDETTE_LOG_LEVEL: 'error',
    // A pass that runs into the next slot would rightly begin anew.
    VEDETTE_EVALUATION_CRON: '0 0 * * *',
    ...settings,
  });
  const app = await createApp(environment, url);
  await app.listen(0, '127.0.0.1');
  const provider = (type) => app.get(type, { strict: false });
  return {
    provider,
    address: await app.getUrl(),
    stop: () => app.close(),
    /** Gives every organisation that lacks them the eight system rules, due at once. */
    seedSystemRules: () => provider(Transactions).run((manager) => provider(SystemRulesService).seed(manager)),
    /** @returns the token of a new API key of an admin. */
    async createToken(organizationId) {
      const wanted = { name: 'benchmark', role: 'admin', expiresAt: null };
      return (await provider(ApiKeysService).create(organizationId, wanted, null)).key;
    },
  };
}

/** One kept-alive connection to the REST interface. */
export class Api {
  #client;
  #token;

  constructor(address, token) {
    this.#client = new Client(address);
    this.#token = token;
  }

  /** @param body an object, or JSON that is ready to send. */
  async call(method, path, body) {
    const response = await this.#client.request({
      method,
      path,
      headers: {
        ...(this.#token ? { authorization: `Bearer ${this.#token}` } : {}),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      body: body === undefined || Buffer.isBuffer(body) ? body : JSON.stringify(body),
    });
    const text = await response.body.text();
    if (response.statusCode >= 400) throw new Error(`${method} ${path} answered ${response.statusCode}: ${text}`);
    return text === '' ? undefined : JSON.parse(text);
  }

  close() {
    return this.#client.close();
  }
}
