import { describe, expect, it } from '@jest/globals';
import { locateJsonFault } from './locate-json-fault.js';

describe('locateJsonFault', () => {
  const whole = '{"a": [1, -2.5e3, "x\\u00e9\\n", true, false, null, {}, []], "b": {"c": "d"}}';

  it('finds every incomplete document truncated', () => {
    for (let length = 0; length < whole.length; length += 1) {
      expect([length, locateJsonFault(whole.slice(0, length))]).toEqual([length, { kind: 'truncated' }]);
    }
  });

  it.each([
    ['{"a": 1,}', 1, 9],
    ['[1,]', 1, 4],
    ['[1 2]', 1, 4],
    ['{"a" 1}', 1, 6],
    ['{a: 1}', 1, 2],
    ["{'a': 1}", 1, 2],
    ['[01]', 1, 2],
    ['[.5]', 1, 2],
    ['[NaN]', 1, 2],
    ['[tru]', 1, 2],
    ['{"a": 1]', 1, 8],
    ['{} {}', 1, 4],
    ['{"a":\n  "b",\n  "c": undefined}', 3, 8],
    ['["a\tb"]', 1, 2],
    ['["\\x"]', 1, 2],
    ['["\\u12g4"]', 1, 2],
  ])('finds the fault of %j', (text, line, column) => {
    expect(() => JSON.parse(text)).toThrow();
    expect(locateJsonFault(text)).toEqual({ kind: 'broken', line, column });
  });
});
