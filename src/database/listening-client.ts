import pg from 'pg';

/**
 * A connection whose loss never ends the process. While a connection passes between the pool and the ORM there are moments in which neither listens to its
 * errors, and an error that nobody listens to is thrown. Nothing is lost by not acting on it here: the pool tells of idle connections that it loses, and a
 * statement on a lost one fails.
 */
export class ListeningClient extends pg.Client {
  constructor(config?: string | pg.ClientConfig) {
    super(config);
    this.on('error', () => undefined);
  }
}
