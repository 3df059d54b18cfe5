import { describe, expect, it } from '@jest/globals';
import { valueText } from './event-reader.js';

describe('a value of the details', () => {
  it.each([
    [
      [{ attack_id: 'T1059', name: 'Command and Scripting Interpreter', from: 'validated' }, { attack_id: 'T1003' }],
      'T1059, T1003',
    ],
    [[{ domain: 'enterprise-attack', name: 'Initial Access', before_pct: 89 }], 'Initial Access'],
    [['a', null, 2], 'a, -, 2'],
    [[{ from: 'validated' }], '[{"from":"validated"}]'],
    [[{ name: 'Execution' }, { other: 1 }], '[{"name":"Execution"},{"other":1}]'],
    [{ before: { 'enterprise-attack': '17.1' } }, '{"before":{"enterprise-attack":"17.1"}}'],
    [[], '-'],
    [62.5, '62.5'],
  ])('%j is read as %s', (value, text) => {
    expect(valueText(value)).toBe(text);
  });
});
