import { Slots } from '../../src/database/index.js';
import { NOW, startTestModule, type TestContext } from '../support/test-module.js';

const HOUR_MS = 3_600_000;
const inHours = (hours: number): Date => new Date(NOW.getTime() + hours * HOUR_MS);

let context: TestContext;
let slots: Slots;

beforeAll(async () => {
  context = await startTestModule([]);
  slots = context.module.get(Slots);
});

afterAll(() => context.close());

it('gives a slot to one replica only, and none before it', async () => {
  const taken = await Promise.all(Array.from({ length: 5 }, () => slots.take('daily', NOW, NOW)));
  expect(taken.filter(Boolean)).toHaveLength(1);
  expect(await slots.take('daily', inHours(-1), inHours(1))).toBe(false);
  expect(await slots.take('daily', inHours(24), inHours(24))).toBe(true);
});

it('goes on with the schedule when a clock that ran ahead is set back', async () => {
  expect(await slots.take('ahead', inHours(8_760), inHours(8_760))).toBe(true);
  expect(await slots.take('ahead', NOW, NOW)).toBe(true);
  expect(await slots.take('ahead', NOW, NOW)).toBe(false);
});

it('tells when something was last done by the clock of today, not by one that ran ahead', async () => {
  await slots.note('pass', inHours(48));
  await slots.note('pass', NOW);
  expect(await slots.latest('pass')).toEqual(NOW);
});
