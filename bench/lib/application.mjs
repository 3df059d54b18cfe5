import { Client } from 'undici';
import { ApiKeysService } from '../../dist/src/auth/index.js';
import { readEnvironment } from '../../dist/src/config/index.js';
import { createApp } from '../../dist/src/http/create-app.js';
import { Transactions } from '../../dist/src/database/index.js';
import { SystemRulesService } from '../../dist/src/rules/index.js';

/**
 * Starts the application in this process on a free port of 127.0.0.1: migrated, without background work.
 * @param url of the database.
 * @param settings environment variables in addition to those that every benchmark needs.
 */
export async function startApplication(url, settings = {}) {
  const environment = readEnvironment({
    DATABASE_URL: url,
    VEDETTE_SECRET_KEY: 'this key protects benchmark data only',
    VEDETTE_LOG_LEVEL: 'error',
    // A pass that is still running at the next slot would start again, so the next slot must be far away.
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
    /** Adds the eight system rules to every organisation that has none. They are due at once. */
    seedSystemRules: () => provider(Transactions).run((manager) => provider(SystemRulesService).seed(manager)),
    /** @returns the token of a new API key with the role admin. */
    async createToken(organizationId) {
      const wanted = { name: 'benchmark', role: 'admin', expiresAt: null };
      return (await provider(ApiKeysService).create(organizationId, wanted, null)).key;
    },
  };
}

/** A client of the REST API with one connection that stays open. */
export class Api {
  #client;
  #token;

  constructor(address, token) {
    this.#client = new Client(address);
    this.#token = token;
  }

  /** @param body an object, or a buffer of JSON. */
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
