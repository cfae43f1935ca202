import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parsePolicy } from '../../../src/change/policy/load.ts';

/** Text of a file -> what is said of it. */
const refused: readonly (readonly [string, string, readonly RegExp[]])[] = [
  ['text that is no YAML', 'version: 1\nrules: [', [/^p:\d+: /]],
  ['another version', 'version: 2\nrules: []', [/^p:1: .*'version'/]],
  ['no rules', 'version: 1', [/^p:1: .*rules/]],
  ['an unknown key', 'version: 1\nrules: []\nrule: []', [/^p:3: there is no such setting: 'rule'$/]],
  [
    'an unknown key of a rule',
    'version: 1\nrules:\n  - allow: [drain]\n    who: ["*"]\n    hour: [mon]',
    [/^p:5: there is no such setting: 'rules\.0\.hour'$/],
  ],
  ['a rule that says neither', 'version: 1\nrules:\n  - who: ["*"]', [/^p:3: a rule has either 'allow' or 'deny'$/]],
  [
    'a rule that says both',
    'version: 1\nrules:\n  - { allow: [drain], deny: [drain], who: ["*"] }',
    [/^p:3: a rule has either/],
  ],
  [
    'an unknown action',
    'version: 1\nrules:\n  - who: ["*"]\n    allow:\n      - drain\n      - dran',
    [/^p:6: no such action: 'dran'; there are .*drain/],
  ],
  [
    'an unknown set of people',
    'version: 1\nrules:\n  - who: [ops]\n    allow: [drain]',
    [/^p:3: no such set of people: 'ops'/],
  ],
  [
    'approval by nobody',
    'version: 1\nrules:\n  - who: ["*"]\n    allow: [drain]\n    approval: leads',
    [/^p:5: no such set of people: 'leads'$/],
  ],
  [
    'hours that are none',
    'version: 1\nrules:\n  - who: ["*"]\n    allow: [drain]\n    hours: ["8-18"]',
    [/^p:5: not understood: '8-18'/],
  ],
  ['an unknown time zone', 'version: 1\ntimezone: Mars/Base\nrules: []', [/^p:2: no such time zone: 'Mars\/Base'$/]],
  ['a share over 100', 'version: 1\nrules: []\nguards: [{ on: [a], min-share: 101% }]', [/^p:3: .*min-share/]],
  ['a list', '- 1', [/^p:1: /]],
  ['nothing', '', [/^p:1: /]],
];

for (const [name, text, expected] of refused) {
  test(`${name} is refused with its line`, () => {
    const loaded = parsePolicy(text, 'p');
    assert.ok('problems' in loaded);
    assert.equal(loaded.problems.length >= expected.length, true, loaded.problems.join('\n'));
    for (const [i, pattern] of expected.entries()) assert.match(loaded.problems[i]!, pattern);
  });
}

test('all problems are told in one reading', () => {
  const loaded = parsePolicy('version: 1\nrules:\n  - { allow: [x], who: [y], hours: [z] }', 'p');
  assert.ok('problems' in loaded);
  assert.equal(loaded.problems.length, 3);
});

test('aliases that would grow without bound are refused', () => {
  const levels = Array.from({ length: 9 }, (_, i) => `a${i + 1}: &a${i + 1} [${Array(9).fill(`*a${i}`).join(', ')}]`);
  const loaded = parsePolicy(`a0: &a0 [x]\n${levels.join('\n')}\n`, 'p');
  assert.ok('problems' in loaded);
});
