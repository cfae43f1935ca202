import assert from 'node:assert/strict';
import { test } from 'node:test';
import { applyBatch, applyChange } from '../../src/change/apply.ts';
import type { Change } from '../../src/change/change.ts';
import { memoryJournal } from '../../src/change/journal/memory.ts';
import { validateChange } from '../../src/change/judge.ts';
import { G } from '../../src/model/counters.ts';
import { serverAt } from '../control/fixture.ts';
import { desk, origin } from './fixture.ts';

const drain: Change = { kind: 'server.state', backend: 'be_app', server: 's1', to: 'drain' };

test('the traffic threads have a Change when its promise resolves', async () => {
  const d = desk();
  await d.apply(drain);
  const [message] = d.traffic.sent;
  assert.ok(message?.kind === 'servers');
  assert.deepEqual(
    message.views.map((view) => [view.name, view.state]),
    [
      ['s1', 'drain'],
      ['t1', 'drain'],
    ],
  );
});

test('views of one Change go out in one message, and a weight in sixteenths', async () => {
  const d = desk();
  await d.apply({ kind: 'server.weight', backend: 'be_app', server: 's1', weight: 5, percent: false });
  assert.equal(d.traffic.sent.length, 1);
  assert.ok(d.traffic.sent[0]!.kind === 'servers');
  assert.equal(d.traffic.sent[0]!.views[0]!.weight, 80);
});

test('a new server reaches the threads with its configuration, and leaves them when it is deleted', async () => {
  const d = desk();
  await d.apply({
    kind: 'server.add',
    backend: 'be_app',
    server: 'dyn',
    addr: '127.0.0.1:81',
    from: null,
    words: ['check'],
  });
  const server = serverAt(d.ctx.model, 'be_app/dyn');
  assert.ok(d.traffic.sent[0]!.kind === 'servers');
  assert.equal(d.traffic.sent[0]!.views[0]!.config?.name, 'dyn');
  assert.deepEqual(d.calls, []);
  await d.apply({ kind: 'server.checks', backend: 'be_app', server: 'dyn', which: 'health', enabled: true });
  await d.apply({ kind: 'server.del', backend: 'be_app', server: 'dyn' });
  assert.deepEqual(d.calls, ['start be_app/dyn', 'stop be_app/dyn', 'unwatch be_app/dyn']);
  assert.deepEqual(d.traffic.sent.at(-1), { kind: 'server.remove', proxy: 201, id: server.id });
});

test('a server with connections cannot be deleted', async () => {
  const d = desk();
  const gauges = d.ctx.model.counters.gauges(serverAt(d.ctx.model, 'be_app/s3').slot);
  for (const field of [G.current, G.queued, G.used]) {
    Atomics.store(gauges, field, 1);
    const { text } = await d.apply({ kind: 'server.del', backend: 'be_app', server: 's3' });
    assert.equal(text, 'Server still has connections attached to it, cannot remove it.');
    Atomics.store(gauges, field, 0);
  }
  assert.equal((await d.apply({ kind: 'server.del', backend: 'be_app', server: 's3' })).ok, true);
});

test('frontends are paused, resumed and stopped with HAProxy’s lines', async () => {
  const d = desk();
  for (const to of ['disabled', 'enabled', 'shutdown'] as const)
    await d.apply({ kind: 'frontend.state', frontend: 'fe_http', to });
  assert.deepEqual(d.lines, [
    '4 Paused frontend fe_http.',
    '4 Resumed frontend fe_http.',
    '4 Proxy fe_http stopped (cumulated conns: FE: 0, BE: 0).',
  ]);
});

test('a frontend whose port is taken stays paused and says so', async () => {
  const d = desk({
    listeners: (command) => [
      command.kind === 'listeners' && command.op === 'start' ? [[command.listeners[0]!.proxy, 1, 'EADDRINUSE']] : [],
    ],
  });
  const frontend = d.ctx.model.proxies[0]!;
  frontend.listeners.push({
    id: 1,
    config: { address: { family: 'inet', host: '127.0.0.1', port: 1 } } as never,
    name: 'sock-1',
    slot: 0,
    state: 'listening',
    kept: [],
  });
  await d.apply({ kind: 'frontend.state', frontend: 'fe_http', to: 'disabled' });
  const { ok, text } = await d.apply({ kind: 'frontend.state', frontend: 'fe_http', to: 'enabled' });
  assert.deepEqual([ok, text], [false, 'Failed to resume frontend, check logs for precise cause (port conflict?).']);
  assert.deepEqual([frontend.state, frontend.listeners[0]!.state], ['paused', 'paused']);
  assert.match(d.lines.at(-1)!, /^4 .*cannot bind socket \(Address already in use\) for \[127\.0\.0\.1:1\]/);
});

test('a session is ended where it is found', async () => {
  const d = desk({ 'streams.kill': () => [0, 1] });
  assert.deepEqual(await d.apply({ kind: 'session.kill', id: '0x12' }), {
    ok: true,
    severity: 6,
    text: '',
    inverse: null,
  });
  assert.deepEqual(d.traffic.sent, [{ kind: 'streams.kill', filter: { id: '0x12' }, why: 'K' }]);
});

test('a thread that refuses a Change makes a failure, not an exception', async () => {
  const d = desk({
    servers: () => {
      throw new Error('thread 2 is gone');
    },
  });
  const { ok, text } = await d.apply(drain);
  assert.deepEqual([ok, text], [false, 'thread 2 is gone (while applying server.state)']);
});

test('Changes are made one after the other', async () => {
  const d = desk();
  const seen: string[] = [];
  await Promise.all(
    ['maint', 'ready', 'drain'].map(async (to) => {
      await applyChange({ ...drain, to } as Change, d.ctx, origin);
      seen.push(to);
    }),
  );
  assert.deepEqual(seen, ['maint', 'ready', 'drain']);
  assert.deepEqual(
    (await d.ctx.journal.entries({ phase: 'outcome' })).map((entry) => [entry.before, entry.after]),
    [
      ['ready', 'maint'],
      ['maint', 'ready'],
      ['ready', 'drain'],
    ],
  );
});

test('the journal keeps who, what, before and after, refusals too, and only the last entries', async () => {
  const d = desk({}, memoryJournal(5));
  for (let i = 0; i < 5; i++)
    await d.apply({ kind: 'server.weight', backend: 'be_app', server: 's1', weight: i, percent: false });
  await d.apply({ kind: 'server.weight', backend: 'be_app', server: 's1', weight: 999, percent: false });
  const entries = await d.ctx.journal.entries();
  assert.deepEqual(
    entries.map((entry) => [entry.seq, entry.phase, entry.attempt, entry.before, entry.after, entry.ok]),
    [
      [8, 'outcome', 7, '2', '3', true],
      [9, 'attempt', null, '3', '4', null],
      [10, 'outcome', 9, '3', '4', true],
      [11, 'attempt', null, '', '', null],
      [12, 'outcome', 11, '', '', false],
    ],
  );
  const { operation, ...rest } = entries[0]!.origin;
  assert.deepEqual(rest, origin);
  assert.match(operation!, /^op-[0-9a-z]{18}$/);
});

test('a batch whose third Change fails only when its turn comes is rolled back', async () => {
  const d = desk();
  const batch: Change[] = [
    { kind: 'server.add', backend: 'be_app', server: 'dyn', addr: '127.0.0.1:1', from: null, words: [] },
    { kind: 'server.weight', backend: 'be_app', server: 'dyn', weight: 7, percent: false },
    { kind: 'server.checks', backend: 'be_app', server: 'dyn', which: 'health', enabled: true },
  ];
  const { ok, failedAt, outcomes } = await applyBatch(batch, d.ctx, origin);
  assert.deepEqual(
    [ok, failedAt, outcomes.at(-1)!.text],
    [false, 2, 'Health check was not configured on this server, cannot enable.'],
  );
  assert.equal(d.ctx.model.proxies.find((p) => p.name === 'be_app')!.serversByName.has('dyn'), false);
});

test('taking the last usable server out is warned of, not hindered', async () => {
  const d = desk();
  const warnings = (change: Change) => validateChange(change, d.ctx).warnings;
  const slow1 = { backend: 'be_slow', server: 'slow1' };
  const told = ["no server is left for new requests: backend 'be_slow' has no other usable one than 'slow1'"];
  assert.deepEqual(warnings({ kind: 'server.state', ...slow1, to: 'maint' }), told);
  assert.deepEqual(warnings({ kind: 'server.weight', ...slow1, weight: 0, percent: true }), told);
  const passing =
    'in memory only, gone with the process: what an operator said of a server lasts until its checks find otherwise';
  assert.deepEqual(warnings({ kind: 'server.health', ...slow1, to: 'down' }), [...told, passing]);
  assert.deepEqual(warnings({ kind: 'server.state', ...slow1, to: 'ready' }), []);
  assert.deepEqual(warnings(drain), [], 'there is another one');
  assert.equal((await d.apply({ kind: 'server.state', ...slow1, to: 'maint' })).ok, true);
  assert.deepEqual(warnings({ kind: 'server.state', ...slow1, to: 'drain' }), [], 'it is out already');
});

test('a Change of a wrong shape is a failure, not an exception', async () => {
  const d = desk();
  const { ok, text } = await d.apply({ kind: 'server.state' } as unknown as Change);
  assert.equal(ok, false);
  assert.match(text, /\(while applying server\.state\)$/);
  assert.equal((await d.ctx.journal.entries({ phase: 'outcome' })).length, 1);
});

test('an unknown kind of Change is refused, whatever it is called', () => {
  const { ctx } = desk();
  for (const kind of ['toString', 'server.explode', '__proto__']) {
    assert.equal(
      validateChange({ kind } as unknown as Change, ctx).problems[0]!.text,
      `this Sluice cannot make a change of kind '${kind}'`,
    );
  }
});
