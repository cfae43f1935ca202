import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { StateLines } from '../../../src/control/servers/state-lines.ts';
import type { Proxy } from '../../../src/model/proxy.ts';

const proxy = {} as Proxy;

test('what has become of servers is logged once all traffic threads know it, in order', async () => {
  const sent: string[] = [];
  const known: (() => void)[] = [];
  const lines = new StateLines(
    () => new Promise((resolve) => known.push(resolve)),
    (_, level, text) => sent.push(`${level} ${text}`),
  );
  lines.add(proxy, 1, 'one is DOWN');
  lines.add(proxy, 0, 'no server');
  assert.equal(known.length, 0, 'not before the end of the turn');
  await turn();
  lines.add(proxy, 5, 'one is UP');
  await turn();
  assert.deepEqual(sent, []);
  known[0]!();
  await turn();
  assert.deepEqual(sent, ['1 one is DOWN', '0 no server']);
  known[1]!();
  await turn();
  assert.deepEqual(sent.slice(2), ['5 one is UP']);
});

test('threads that are held up or refuse it do not keep lines back for long', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const sent: string[] = [];
  const answers = [() => new Promise<void>(() => {}), () => Promise.reject(new Error('gone'))];
  const lines = new StateLines(
    () => answers.shift()!(),
    (_proxy, _level, text) => sent.push(text),
  );
  lines.add(proxy, 1, 'held up');
  await turn();
  assert.deepEqual(sent, []);
  t.mock.timers.tick(1000);
  await turn();
  assert.deepEqual(sent, ['held up']);
  lines.add(proxy, 1, 'refused');
  await turn();
  await turn();
  assert.deepEqual(sent, ['held up', 'refused']);
});
