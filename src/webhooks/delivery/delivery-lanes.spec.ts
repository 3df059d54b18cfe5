import { DeliveryLanes } from './delivery-lanes.js';

const item = (endpointId: string, name: string, eventType = 'alert.fired') => ({ endpointId, name, eventType });

function lanesOf(...items: ReturnType<typeof item>[]): DeliveryLanes<ReturnType<typeof item>> {
  const lanes = new DeliveryLanes<ReturnType<typeof item>>(5, 2, 0, 'ping');
  lanes.add(items);
  return lanes;
}

function takeAll(lanes: ReturnType<typeof lanesOf>): string[] {
  const names: string[] = [];
  for (let next = lanes.next(); next; next = lanes.next()) names.push(next.name);
  return names;
}

describe('DeliveryLanes', () => {
  it('limits an endpoint with many deliveries to its share, and serves the others in turn', () => {
    const lanes = lanesOf(
      item('slow', 's1'),
      item('slow', 's2'),
      item('slow', 's3'),
      item('slow', 's4'),
      item('fast', 'f1'),
      item('other', 'o1'),
    );

    expect(takeAll(lanes)).toEqual(['s1', 'f1', 'o1', 's2']);
    expect(lanes.congested()).toEqual(['slow']);
  });

  it('keeps the order of turns when endpoints come and go', () => {
    const [a1, b1] = [item('a', 'a1'), item('b', 'b1')];
    const lanes = new DeliveryLanes<ReturnType<typeof item>>(2, 1, 0, 'ping');
    lanes.add([a1, b1, item('c', 'c1'), item('d', 'd1'), item('c', 'c2'), item('d', 'd2')]);
    expect(takeAll(lanes)).toEqual(['a1', 'b1']);

    lanes.done(a1);
    lanes.add([item('e', 'e1')]);
    const [c1] = [lanes.next()!];
    lanes.done(b1);
    const [d1] = [lanes.next()!];
    lanes.done(c1);
    lanes.add([item('a', 'a2')]);
    const [e1] = [lanes.next()!];
    lanes.done(d1);
    lanes.done(e1);

    expect([c1, d1, e1].map(({ name }) => name)).toEqual(['c1', 'd1', 'e1']);
    expect(takeAll(lanes)).toEqual(['c2', 'd2']);
    expect(lanes.takeWaiting().map(({ name }) => name)).toEqual(['a2']);
  });

  it('frees room when an item is done', () => {
    const [s1, s2, s3] = [item('slow', 's1'), item('slow', 's2'), item('slow', 's3')];
    const lanes = lanesOf(s1, s2, s3);
    takeAll(lanes);

    lanes.done(s1);

    expect(takeAll(lanes)).toEqual(['s3']);
  });

  it('never runs more than the total limit', () => {
    const lanes = lanesOf(
      ...['a', 'b', 'c', 'd'].flatMap((endpoint) => [item(endpoint, `${endpoint}1`), item(endpoint, `${endpoint}2`)]),
    );

    expect(takeAll(lanes)).toHaveLength(5);
  });

  it('puts an urgent event first in its lane', () => {
    expect(takeAll(lanesOf(item('slow', 's1'), item('slow', 's2'), item('slow', 'p', 'ping')))).toEqual(['p', 's1']);
  });

  it('reports an endpoint with enough waiting deliveries as congested', () => {
    const lanes = new DeliveryLanes<ReturnType<typeof item>>(5, 2, 1, 'ping');
    lanes.add([item('a', 'a1'), item('b', 'b1'), item('b', 'b2')]);

    expect(lanes.congested()).toEqual(['b']);
  });

  it('asks for more deliveries before a lane is empty, and only after a part of it has gone', () => {
    const lanes = new DeliveryLanes<ReturnType<typeof item>>(1, 1, 6, 'ping');
    lanes.add(Array.from({ length: 8 }, (_, index) => item('a', `a${index}`)));
    const wanted: [number, boolean][] = [];

    for (let left = 7, running = lanes.next(); running; running = lanes.next(), left--) {
      wanted.push([left, lanes.isRunningLow('a')]);
      lanes.done(running);
    }

    expect(wanted.filter(([, isWanted]) => isWanted)).toEqual([2, 1, 0].map((left) => [left, true]));
    expect(wanted).toHaveLength(8);
  });

  it('returns waiting items on request and keeps running ones', () => {
    const lanes = lanesOf(item('slow', 's1'), item('slow', 's2'), item('slow', 's3'));
    takeAll(lanes);

    expect(lanes.takeWaiting().map(({ name }) => name)).toEqual(['s3']);
    expect(lanes.congested()).toEqual([]);
  });
});
