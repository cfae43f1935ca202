import assert from 'node:assert/strict';
import { once } from 'node:events';
import net from 'node:net';
import { after, before, describe, it } from 'node:test';
import { G } from '../../src/model/counters.ts';
import { findProxy } from '../../src/model/model.ts';
import { Admin } from '../../src/model/server.ts';
import { exchange, startApi, type TestApi } from './support.ts';

let api: TestApi;
before(async () => {
  api = await startApi();
});
after(() => api.close());

/** A client that collects what it gets and can wait for a text. */
function client(): { socket: net.Socket; seen: () => string; wait(text: string): Promise<void> } {
  const socket = net.connect(api.path('admin'));
  let seen = '';
  socket.on('data', (data) => {
    seen += data;
  });
  return {
    socket,
    seen: () => seen,
    async wait(text) {
      while (!seen.includes(text)) await once(socket, 'data');
    },
  };
}

describe('show events -w', () => {
  it('tells the history, then each new line, until something is typed', async () => {
    const ring = api.control.rings.get('buf0')!;
    ring.write('old');
    const { socket, wait, seen } = client();
    socket.write('prompt i;show events buf0 -w;echo after\n');
    await wait('old\n');
    ring.write('new 1');
    await wait('new 1\n');
    ring.write('new 2');
    await wait('new 2\n');
    socket.write('swallowed\n');
    await wait('after');
    assert.equal(ring.listeners.size, 0);
    assert.equal(seen(), '\nold\nnew 1\nnew 2\n\nafter\n\n');
    socket.end('quit\n');
    await once(socket, 'close');
  });

  it('leaves the history out with -n, and ends lines with NUL with -0', async () => {
    const ring = api.control.rings.get('buf0')!;
    const { socket, wait, seen } = client();
    socket.write('show events buf0 -w -n -0\n');
    while (ring.listeners.size === 0) await new Promise(setImmediate);
    ring.write('one');
    await wait('one\0');
    assert.equal(seen(), 'one\0');
    socket.destroy();
    // That a client is gone shows when something is written to it.
    while (ring.listeners.size > 0) {
      for (const listener of ring.listeners) listener('two');
      await new Promise(setImmediate);
    }
  });

  it('ends when the client closes its side, after the history', { timeout: 5000 }, async () => {
    const ring = api.control.rings.get('buf0')!;
    ring.write('last words');
    const { socket, wait, seen } = client();
    socket.end('show events buf0 -w\n');
    await wait('last words');
    await once(socket, 'end');
    assert.match(seen(), /last words\n\n$/);
    assert.equal(ring.listeners.size, 0);
  });

  it('keeps a bounded number of lines for a client that does not read', async () => {
    const ring = api.control.rings.get('buf0')!;
    const socket = net.connect(api.path('admin'));
    socket.write('show events buf0 -w -n\n');
    while (ring.listeners.size === 0) await new Promise(setImmediate);
    const before = process.memoryUsage().heapUsed;
    for (let i = 0; i < 20; i++) {
      for (let j = 0; j < 1000; j++) for (const listener of ring.listeners) listener('x'.repeat(1000));
      await new Promise(setImmediate);
    }
    assert.ok(process.memoryUsage().heapUsed - before < 15e6);
    socket.destroy();
    while (ring.listeners.size > 0) await new Promise(setImmediate);
  });
});

describe('wait', () => {
  const server = () => findProxy(api.control.model, 'be_slow', 'backend')!.servers[0]!;

  it('ends when the last connection of a server in maintenance ends', async () => {
    const gauges = api.control.model.counters.gauges(server().slot);
    server().admin = Admin.forcedMaint;
    gauges[G.current] = 1;
    const answer = exchange(api.path('admin'), 'wait 5s srv-removable be_slow/slow1\n');
    setTimeout(() => {
      gauges[G.current] = 0;
    }, 20);
    assert.equal(await answer, 'Done.\n\n');
    server().admin = 0;
  });

  it('tells why it was in vain', async () => {
    const gauges = api.control.model.counters.gauges(server().slot);
    assert.equal(
      await exchange(api.path('admin'), 'wait 5s srv-removable be_slow/slow1\n'),
      'Failed. Only servers in maintenance mode can be deleted.\n\n',
    );
    server().admin = Admin.forcedMaint;
    gauges[G.current] = 1;
    const reason = 'Server still has connections attached to it, cannot remove it.';
    assert.equal(
      await exchange(api.path('admin'), 'wait 20 srv-removable be_slow/slow1\n'),
      `Wait delay expired. ${reason}\n\n`,
    );
    assert.equal(
      await exchange(api.path('admin'), 'wait 5s srv-removable be_slow/slow1\n', true),
      `Interrupted. ${reason}\n\n`,
    );
    assert.equal(await exchange(api.path('admin'), 'wait 5s;echo next\n', true), 'Interrupted. (null)\n\nnext\n\n');
    gauges[G.current] = 0;
    server().admin = 0;
  });

  it('knows backends', async () => {
    const proxy = findProxy(api.control.model, 'be_slow', 'backend')!;
    assert.equal(
      await exchange(api.path('admin'), 'wait 1 be-removable be_slow\n'),
      'Failed. Backend must be unpublished prior to its deletion.\n\n',
    );
    proxy.published = false;
    assert.equal(
      await exchange(api.path('admin'), 'wait 1 be-removable be_slow\n'),
      'Failed. Only a backend without server can be deleted.\n\n',
    );
    proxy.published = true;
  });

  it('answers a wrong condition with its usage', async () => {
    assert.match(await exchange(api.path('admin'), 'wait 100 foo\n'), /^Usage: wait \{-h\|<duration>\}/);
    assert.equal(await exchange(api.path('admin'), 'wait abc\n'), 'Invalid duration.\n\n');
  });
});

describe('trace', () => {
  it('reports the events of its own sources to a ring', async () => {
    const ring = api.control.rings.get('buf0')!;
    const at = ring.kept.length;
    await exchange(api.path('admin'), 'trace change sink buf0;trace change verbosity clean;trace change start now\n');
    await exchange(api.path('admin'), 'set weight be_app/s1 7\n');
    await exchange(api.path('admin'), 'trace 0;set weight be_app/s1 8\n');
    const lines = ring.kept.slice(at);
    assert.match(
      lines[0]!,
      /^\[00\|change\|0\] apply : \{"kind":"server\.weight","backend":"be_app","server":"s1","weight":7,"percent":false\} by unix@/,
    );
    assert.match(lines[1]!, /^\[00\|change\|0\] done : server\.weight/);
    assert.equal(lines.length, 2);
  });

  it('starts and ends at events', async () => {
    const ring = api.control.rings.get('buf0')!;
    const at = ring.kept.length;
    await exchange(
      api.path('admin'),
      'trace cli sink buf0;trace cli event none;trace cli event +command;trace cli start session_new;trace cli stop session_end;trace cli pause now\n',
    );
    await exchange(api.path('admin'), 'echo traced\n');
    await exchange(api.path('admin'), 'echo untraced\n');
    assert.deepEqual(ring.kept.slice(at), ['[00|cli|0] command']);
  });

  it('ends all traces at once, and refuses what it does not have', async () => {
    for (const [command, answer] of [
      ['trace nope', 'No such trace source'],
      ['show trace nope', 'No such trace source'],
      ['trace 0', 'All traces now stopped'],
      ['trace cli level nope', 'No such trace level'],
      ['trace cli sink nope', 'No such trace sink'],
      ['trace cli event nope', 'No such trace event'],
    ] as const) {
      assert.equal(await exchange(api.path('admin'), `${command}\n`), `${answer}\n\n`);
    }
  });
});

describe('process commands', () => {
  for (const [command, pattern] of [
    ['show activity', /^loops: 200 \[ 100 100 \]$/m],
    ['show activity 0', /^loops: 200$/m],
    ['show activity 2', /^streams: 2 \[ 2 \]$/m],
    ['show activity 3', /^Thread ID number must be between -1 and 2$/m],
    ['show threads', /^ {2}Thread 2 : act=1 loops=100 /m],
    ['show tasks', /^ {2}traffic 1:streams +2$/m],
    ['show pools byname match new', /^Total: 2 pools, \d+ bytes allocated, \d+ used\.$/m],
    ['show fd 0', /^ {6}0 : \S/m],
    ['show libs', /^0x[0-9a-f]{16} \/\S+$/m],
    ['show dev', /^ {2}pid: \d+$/m],
    [
      'set profiling tasks on;show profiling;set profiling tasks off',
      /profiling +: on[\s\S]*event loop delay {3}100% : \d/,
    ],
    ['show profiling', /^Per-task CPU profiling {14}: off /m],
    ['debug counters', /^Count +Type Location function/],
    ['set anon on 5;debug dev hash abc', /^\n[0-9a-f]{6}\n/],
    ['expert-mode on;debug dev panic', /^Does not apply: 'debug dev panic' /m],
  ] as const) {
    it(`answer ${command}`, async () => assert.match(await exchange(api.path('admin'), `${command}\n`), pattern));
  }
});
