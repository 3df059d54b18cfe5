import { Roll } from './roll.js';

const someone = (name: string) => ({ name, place: 0 });

describe('Roll', () => {
  it('knows who is present, whoever leaves and in whatever order', () => {
    const roll = new Roll<ReturnType<typeof someone>>();
    const [a, b, c, d] = [someone('a'), someone('b'), someone('c'), someone('d')];
    for (const one of [a, b, c]) roll.add(one);

    roll.remove(a);
    roll.add(d);
    roll.remove(c);
    roll.add(a);
    roll.remove(d);

    expect(
      roll
        .all()
        .map(({ name }) => name)
        .sort(),
    ).toEqual(['a', 'b']);
    roll.remove(b);
    roll.remove(a);
    expect(roll.all()).toEqual([]);
  });
});
