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

it('gives a slot to only one replica, and then no earlier slot', async () => {
  const taken = await Promise.all(Array.from({ length: 5 }, () => slots.take('daily', NOW, NOW)));
  expect(taken.filter(Boolean)).toHaveLength(1);
  expect(await slots.take('daily', inHours(-1), inHours(1))).toBe(false);
  expect(await slots.take('daily', inHours(24), inHours(24))).toBe(true);
});

it('continues with the schedule after a wrong clock was set back', async () => {
  expect(await slots.take('ahead', inHours(8_760), inHours(8_760))).toBe(true);
  expect(await slots.take('ahead', NOW, NOW)).toBe(true);
  expect(await slots.take('ahead', NOW, NOW)).toBe(false);
});

it('returns the latest recorded run, even after a run with a wrong clock', async () => {
  await slots.note('pass', inHours(48));
  await slots.note('pass', NOW);
  expect(await slots.latest('pass')).toEqual(NOW);
});
