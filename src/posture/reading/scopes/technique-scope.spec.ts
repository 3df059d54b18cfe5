import { describeScope, type TechniqueScope } from './technique-scope.js';

describe('the text of a scope', () => {
  it.each<[TechniqueScope, string]>([
    [{ tactics: ['initial-access'], platforms: ['Windows'] }, 'in Initial Access on Windows'],
    [{ tactics: ['command-and-control', 'execution'] }, 'in Command and Control or Execution'],
    [{ domains: ['ics-attack', 'mobile-attack'] }, 'of ICS or Mobile'],
    [
      { platforms: ['Linux', 'macOS', 'Windows'], tags: ['crown-jewels'] },
      'on Linux, macOS or Windows, tagged crown-jewels',
    ],
    [{ attack_ids: ['T1059'], sub_techniques: 'exclude' }, 'among T1059, without sub-techniques'],
    [{ owners: ['a', 'b'], sub_techniques: 'only' }, 'of 2 owners, sub-techniques only'],
    [
      { attack_ids: ['T1001', 'T1002', 'T1003', 'T1004', 'T1005', 'T1006', 'T1007'] },
      'among T1001, T1002, T1003, T1004, T1005 or 2 others',
    ],
    [
      { attack_ids: ['T1001', 'T1002', 'T1003', 'T1004', 'T1005', 'T1006'] },
      'among T1001, T1002, T1003, T1004, T1005 or T1006',
    ],
  ])('%j', (scope, words) => {
    expect(describeScope(scope)).toBe(words);
  });
});
