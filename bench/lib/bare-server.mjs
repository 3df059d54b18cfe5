// Fastify and nothing else, in a separate process. The parent sends the answers to serve and receives the port.
import fastify from 'fastify';
import pg from 'pg';

process.once('disconnect', () => process.exit(0));
process.once('message', async ({ databaseUrl, poolSize, served }) => {
  const pool = new pg.Pool({ connectionString: databaseUrl, max: poolSize });
  pool.on('error', () => undefined);
  const app = fastify();
  for (const [name, { body, statements }] of Object.entries(served)) {
    app.get(`/bytes/${name}`, (_request, reply) => reply.type('application/json; charset=utf-8').send(body));
    app.get(`/query/${name}`, async () => {
      const answers = await Promise.all(statements.map((statement) => pool.query(statement)));
      return answers.map(({ rows }) => rows);
    });
  }
  await app.listen({ host: '127.0.0.1', port: 0 });
  process.send({ port: app.server.address().port });
});
