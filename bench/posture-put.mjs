import { PostureService, PostureWriter } from '../dist/src/posture/index.js';
import { Api, startApplication } from './lib/application.mjs';
import { interleaved, LoopDelay, median, Phases, ratio, spread, values } from './lib/measure.mjs';
import { connect } from './lib/server.mjs';
import { addLargeOrganization, twoPostures } from './lib/synthetic.mjs';
import { ms, table } from './lib/table.mjs';

const TECHNIQUES = 10_000;
const ROUNDS = 15;
const SINGLE_PUTS_PER_ROUND = 14;

/** The floor: one statement that writes known rows without checks. */
const BARE_UPDATE = `
  UPDATE posture p SET status_global = i.status_global, last_review_date = i.last_review_date, risk_score = i.risk_score, owner_id = i.owner_id,
    updated_at = now(), updated_by = $2, version = p.version + 1, valid_from = date_trunc('milliseconds', now())
  FROM unnest($3::uuid[], $4::text[], $5::timestamptz[], $6::float8[], $7::uuid[])
    AS i (technique_id, status_global, last_review_date, risk_score, owner_id)
  WHERE p.organization_id = $1 AND p.technique_id = i.technique_id`;

/** Measures one `PUT /posture` of 10,000 items. */
export async function posturePut(server) {
  const url = await server.createDatabase('posture_put');
  const app = await startApplication(url);
  const client = await connect(url);
  const organization = await addLargeOrganization(client, TECHNIQUES);
  const api = new Api(app.address, await app.createToken(organization.organizationId));
  try {
    report(await measure({ app, client, organization, api }));
  } finally {
    await api.close();
    await client.end();
    await app.stop();
  }
}

async function measure({ app, client, organization, api }) {
  const states = Object.values(twoPostures(organization)).map((items) => ({
    body: Buffer.from(JSON.stringify({ items })),
    columns: columnsOf(items, organization),
  }));
  const loop = new LoopDelay();
  const phases = followWrites(app);
  let current = 0;
  let answer;

  const vacuum = () => client.query('VACUUM posture');
  const watched = { after: async () => ({ loopDelay: await loop.stop(), ...phases.take() }) };
  const put = async (state) => (answer = await api.call('PUT', '/api/v1/posture', states[state].body));
  const expectUpdated = (count) => {
    if (answer.updated !== count) throw new Error(`${answer.updated} items were updated, not ${count}`);
  };
  const ways = {
    floor: {
      prepare: vacuum,
      run: async () => {
        current = 1 - current;
        await client.query('BEGIN');
        await client.query(BARE_UPDATE, [
          organization.organizationId,
          organization.ownerId,
          ...states[current].columns,
        ]);
        await client.query('COMMIT');
      },
    },
    changed: {
      prepare: async () => {
        await vacuum();
        await loop.start();
      },
      run: () => put((current = 1 - current)),
      after: () => {
        expectUpdated(TECHNIQUES);
        return watched.after();
      },
    },
    unchanged: {
      prepare: async () => {
        await put(current);
        await vacuum();
        phases.take();
        await loop.start();
      },
      run: () => put(current),
      after: () => {
        expectUpdated(0);
        return watched.after();
      },
    },
    single: {
      run: () => putOneByOne(api, organization.techniques),
      after: () => void phases.take(),
    },
  };
  return { samples: await interleaved(ways, ROUNDS), bytes: states.map(({ body }) => body.length) };
}

let nextSingle = 0;

/** Each PUT changes one risk score to a value that neither posture contains. */
async function putOneByOne(api, techniques) {
  for (let put = 0; put < SINGLE_PUTS_PER_ROUND; put++) {
    const number = nextSingle++;
    const { attack_id } = techniques[(number * 37) % techniques.length];
    await api.call('PUT', '/api/v1/posture', { items: [{ attack_id, risk_score: 25.25 + (number % 50) }] });
  }
}

function followWrites(app) {
  const phases = new Phases();
  const service = app.provider(PostureService);
  phases.follow(service, 'write', 'write');
  phases.follow(service, 'lockAndLookUp', 'lookUp');
  phases.follow(app.provider(PostureWriter), 'write', 'update');
  return phases;
}

function columnsOf(items, { techniques }) {
  return [
    techniques.map(({ id }) => id),
    items.map((item) => item.status_global),
    items.map((item) => item.last_review_date),
    items.map((item) => item.risk_score),
    items.map((item) => item.owner_id),
  ];
}

function report({ samples, bytes }) {
  const { floor, changed, unchanged, single } = samples;
  const row = (name, some) => [
    name,
    spread(values(some)),
    ratio(some, floor),
    some[0].loopDelay === undefined ? '' : ms(median(values(some, 'loopDelay'))),
  ];
  const all = single.map((sample) => ({ ms: (sample.ms / SINGLE_PUTS_PER_ROUND) * TECHNIQUES }));
  console.log(
    table(
      ['way', 'ms: median (range)', 'x floor', 'longest event-loop delay, ms'],
      [
        row('floor: one `UPDATE ... FROM unnest(...)` by `pg`, in a transaction', floor),
        row('one PUT of 10,000 items, all of them changes', changed),
        row('the same body again, nothing changes', unchanged),
        row(`10,000 PUTs of one item, extrapolated from ${single.length * SINGLE_PUTS_PER_ROUND}`, all),
      ],
    ),
  );
  const part = (name, value) => [name, ms(median(changed.map(value)))];
  console.log(
    `\nWhere the time of a PUT that changes all rows goes (median ms; body ${Math.round(bytes[0] / 1000)} kB):\n`,
  );
  console.log(
    table(
      ['part', 'ms'],
      [
        part('HTTP, JSON, API key', (sample) => sample.ms - sample.write),
        part(
          'checking items, opening the transaction, marking the change, commit',
          (sample) => sample.write - sample.lookUp - sample.update,
        ),
        part('looking up techniques and owners, locking rows', (sample) => sample.lookUp),
        part('`UPDATE`', (sample) => sample.update),
      ],
    ),
  );
}
