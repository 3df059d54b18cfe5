import pg from 'pg';

/**
 * A connection whose loss never ends the process. While a connection moves between the pool and the ORM, neither
 * listens to its errors, and an error without a listener would be thrown. Ignoring it here is safe: the pool reports
 * lost idle connections, and statements on a lost connection fail.
 */
export class ListeningClient extends pg.Client {
  constructor(config?: string | pg.ClientConfig) {
    super(config);
    this.on('error', () => undefined);
  }
}
