import { valueText } from './event-reader.js';

describe('the text of a detail value', () => {
  const technique = (attackId: string, name: string | null): object => ({
    attack_id: attackId,
    changed_by_name: name,
  });

  it.each([
    [{ count: 0, by_tactic: {}, techniques: [] }, 'none'],
    [{ count: 1, techniques: [technique('T1003', null)] }, '1: T1003'],
    [
      { count: 3, techniques: [technique('T1003', 'Mei'), technique('T1059', 'Mei'), technique('T1566', 'Jonas')] },
      '3: T1003, T1059, T1566; changed by Mei, Jonas',
    ],
    [{ count: 70, techniques: [technique('T1003', null)] }, '70: T1003 and others'],
    [{ count: 'many' }, '{"count":"many"}'],
    [['a', null, 3], 'a, -, 3'],
    [null, '-'],
    [[{ deep: true }], '[{"deep":true}]'],
    [62.5, '62.5'],
    [
      { tactics: ['initial-access', 'execution'], sub_techniques: 'exclude' },
      'tactics: initial-access, execution; sub_techniques: exclude',
    ],
    [{ tactics: [{ name: 'Execution' }] }, '{"tactics":[{"name":"Execution"}]}'],
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
  ])('%j is %s', (value, text) => {
    expect(valueText(value)).toBe(text);
  });
});
