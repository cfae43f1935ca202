import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { applyAgentReply, parseAgentReply } from '../../../src/control/checks/agent-reply.ts';
import { agentConfig, modelOf, proxyConfig, serverAt, serverConfig } from '../fixture.ts';
import { recorder } from '../servers/script.ts';

const nothing = { health: null, admin: null, weight: null, maxconn: null, unknown: null, description: '' };

/** Answers of agents and what HAProxy reports of them: status, text, weight and maxconn afterwards (the weight was 10). */
const ANSWERS: readonly (readonly [
  line: string,
  status: string,
  description: string,
  weight?: number,
  maxconn?: number,
])[] = [
  ['up', 'L7OK', 'via agent : up'],
  ['75%', 'CHECKED', '', 7],
  ['50% maxconn:30', 'CHECKED', '', 5, 30],
  ['200%', 'CHECKED', '', 20],
  ['down # my desc', 'L7STS', 'via agent : down (my desc)'],
  ['stopped', 'L7STS', 'via agent : stopped'],
  ['up 100% # fine', 'L7OK', 'via agent : up (fine)'],
  ['fail#quick', 'CHECKED', 'agent reports an error : fail#quick'],
  ['up bogus', 'L7OK', 'via agent : up (bogus)'],
  ['down bogus # text', 'L7STS', 'via agent : down (text)'],
  ['maxconn:xx', 'CHECKED', 'agent warns : maxconn string empty or preceded by garbage'],
  ['up,25%,ready', 'L7OK', 'via agent : up', 2],
  ['DRAIN 10%', 'CHECKED', '', 1],
  ['UP', 'L7OK', 'via agent : UP'],
  ['', 'CHECKED', ''],
];

for (const [line, status, description, weight = 10, maxconn = 0] of ANSWERS) {
  test(`an agent answers '${line}'`, () => {
    const model = modelOf([
      proxyConfig('be', 2, { servers: [serverConfig('s', { weight: 10, agent: agentConfig() })] }),
    ]);
    const server = serverAt(model, 'be/s');
    const end = applyAgentReply(recorder(), server, server.agent!, parseAgentReply(line));
    assert.deepEqual(
      [end.status, end.description, server.userWeight, server.maxconn],
      [status, description, weight, maxconn],
    );
  });
}

test('words of an agent are found whatever stands between them, and the last of a kind counts', () => {
  const blank = fc.stringMatching(/^[ \t,]{1,3}$/);
  const words = fc.array(
    fc.oneof(
      fc.constantFrom('up', 'Down', 'FAIL', 'stopped').map((w) => ['health', w] as const),
      fc.constantFrom('ready', 'drain', 'maint').map((w) => ['admin', w] as const),
      fc.nat(300).map((n) => ['weight', `${n}%`] as const),
      fc.nat(300).map((n) => ['maxconn', `maxconn:${n}`] as const),
      fc.stringMatching(/^[x-z]{1,5}$/).map((w) => ['unknown', w] as const),
    ),
    { maxLength: 8 },
  );
  fc.assert(
    fc.property(words, blank, fc.option(fc.stringMatching(/^[a-z#][a-z #%]{0,10}$/)), (list, between, text) => {
      const expected: Record<string, unknown> = { ...nothing, description: text ?? '' };
      for (const [kind, word] of list) expected[kind] = kind === 'maxconn' ? word.slice(8) : word;
      const line = [...list.map(([, word]) => word), ...(text === null ? [] : [`# ${text}`])].join(between);
      assert.deepEqual(parseAgentReply(line), expected);
    }),
  );
});

test('any line at all is taken without harm', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 80 }), (line) => {
      const model = modelOf([
        proxyConfig('be', 2, { servers: [serverConfig('s', { weight: 10, agent: agentConfig() })] }),
      ]);
      const server = serverAt(model, 'be/s');
      applyAgentReply(recorder(), server, server.agent!, parseAgentReply(line));
      assert.ok(server.userWeight >= 0 && server.userWeight <= 256);
      assert.ok(Number.isInteger(server.maxconn) && server.maxconn >= 0);
    }),
  );
});
