import pg from 'pg';

/**
 * Times the rule measurer of an application, and can record the statements that its evaluators send.
 * @param phases receives `measuring` (all of it) and `measuring in SQL` (the statements alone).
 */
export class MeasuringProbe {
  #recorded;

  constructor(measurer, phases) {
    const measure = measurer.measure.bind(measurer);
    measurer.measure = (rules, at, reader) =>
      phases.time('measuring', () => measure(rules, at, this.#wrap(reader, phases)));
  }

  /** @returns the statements `{text, values}` that evaluators sent during `work`. */
  async record(work) {
    const recorded = (this.#recorded = []);
    try {
      await work();
    } finally {
      this.#recorded = undefined;
    }
    return recorded;
  }

  /** Wraps a posture reader to time and record its statements. */
  #wrap(reader, phases) {
    return {
      relations: reader.relations,
      isolated: (work) => reader.isolated(work),
      query: (text, values) => {
        this.#recorded?.push({ text, values });
        return phases.time('measuring in SQL', () => reader.query(text, values));
      },
    };
  }
}

/**
 * @returns every statement that this process sent to PostgreSQL during `work`, with transactions and savepoints,
 * grouped by connection.
 */
export async function recordAll(work) {
  const byConnection = new Map();
  const { query } = pg.Client.prototype;
  pg.Client.prototype.query = function (text, values, ...others) {
    if (typeof text === 'string') {
      if (!byConnection.has(this)) byConnection.set(this, []);
      byConnection.get(this).push({ text, values: Array.isArray(values) ? values : undefined });
    }
    return query.call(this, text, values, ...others);
  };
  try {
    await work();
  } finally {
    pg.Client.prototype.query = query;
  }
  return [...byConnection.values()].flat();
}

/** Sends statements one after another on one connection. */
export async function replay(client, statements) {
  for (const statement of statements) await client.query(statement);
}

/** Sends statements one after another in one transaction. */
export async function replayInTransaction(client, statements) {
  await client.query('BEGIN');
  await replay(client, statements);
  await client.query('COMMIT');
}
