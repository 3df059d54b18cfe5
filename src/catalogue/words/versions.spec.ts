import { compareVersions, versionStep } from './versions.js';

describe('compareVersions', () => {
  test('orders releases as numbers, not as text', () => {
    expect(['18.1', '9.0', '10.1', '18.0', '2', '18.1.1'].sort(compareVersions)).toEqual([
      '2',
      '9.0',
      '10.1',
      '18.0',
      '18.1',
      '18.1.1',
    ]);
  });

  test('takes a missing part for 0', () => {
    expect(compareVersions('18', '18.0')).toBe(0);
    expect(compareVersions('18', '18.1')).toBeLessThan(0);
  });
});

test.each([
  ['1.4', '2.0', 'major'],
  ['2.0', '1.9', 'major'],
  ['1.4', '1.5', 'minor'],
  ['1.9', '1.10', 'minor'],
  ['1.4', '1.4', 'none'],
  ['1', '1.0', 'none'],
  [null, '1.0', 'none'],
  ['1.0', null, 'none'],
] as const)('a technique that goes from %s to %s takes a step that is %s', (from, to, step) => {
  expect(versionStep(from, to)).toBe(step);
});
