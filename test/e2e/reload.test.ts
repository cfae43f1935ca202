import assert from 'node:assert/strict';
import { test } from 'node:test';
import { connect, get } from '../support/connection.ts';
import { origin } from '../support/origin.ts';
import { isHaproxy, start, unlessHaproxy26 } from '../support/program.ts';
import { pause, type Scope, until } from '../support/wait.ts';

// Changes under load lose nothing.

const config = (backend: string) => `
global
    stats socket {sock:admin} level admin
defaults
    mode http
    timeout connect 5s
    timeout client 10s
    timeout server 10s
frontend fe
    bind {addr:fe}
    default_backend be
backend be
    balance roundrobin
    server a {addr:a}
${backend}
`;

/** Requests without pause over keep-alive and new connections until `stop`; how many there were and what went wrong. */
function load(scope: Scope, port: number): { stop(): Promise<{ requests: number; failures: string[] }> } {
  let going = true;
  let requests = 0;
  const failures: string[] = [];
  const ask = async (fresh: boolean): Promise<void> => {
    let client = await connect(scope, port);
    while (going) {
      try {
        const response = await client.exchange(`GET / HTTP/1.1\nHost: x\n${fresh ? 'Connection: close\n' : ''}\n`);
        requests++;
        if (response.status !== 200) failures.push(`status ${response.status}`);
        const closing = response.get('connection') === 'close';
        if (closing) client.close();
        if (closing) client = await connect(scope, port);
      } catch (error) {
        failures.push((error as Error).message);
        client = await connect(scope, port);
      }
    }
    client.close();
  };
  const all = Promise.all([ask(false), ask(false), ask(true), ask(true)]);
  return {
    stop: async () => {
      going = false;
      await all;
      return { requests, failures };
    },
  };
}

test('100 drain/ready cycles under load lose nothing', async (t) => {
  const [a, b] = [await origin(t, 'a'), await origin(t, 'b')];
  const run = await start(t, config('    server b {addr:b}'), { ports: { a, b } });
  const traffic = load(t, run.port('fe'));
  for (let i = 0; i < 100; i++) {
    assert.equal(await run.cli(`set server be/${i % 2 ? 'a' : 'b'} state ${i % 3 ? 'drain' : 'maint'}`), '');
    await pause(3);
    assert.equal(await run.cli(`set server be/${i % 2 ? 'a' : 'b'} state ready`), '');
  }
  const { requests, failures } = await traffic.stop();
  assert.deepEqual(failures, []);
  assert.ok(requests > 200, `${requests} requests`);
});

test('50 reloads under load lose nothing', unlessHaproxy26('a reload starts another process'), async (t) => {
  const [a, b] = [await origin(t, 'a'), await origin(t, 'b')];
  const run = await start(t, config('    server b {addr:b}'), { ports: { a, b } });
  const traffic = load(t, run.port('fe'));
  for (let i = 0; i < 50; i++) {
    run.rewrite(config(i % 2 ? '    server b {addr:b}' : `backend extra${i}\n    server x {addr:b}`));
    run.signal(i % 3 ? 'SIGUSR2' : 'SIGHUP');
    await until('the reload', async () => (await run.cli('show backend')).includes('extra') === (i % 2 === 0));
  }
  const { requests, failures } = await traffic.stop();
  assert.deepEqual(failures, []);
  assert.ok(requests > 200, `${requests} requests`);
});

test('a reload adds and removes servers, keeps untouched connections, counters and what operators did', {
  ...unlessHaproxy26('a reload starts another process'),
}, async (t) => {
  const [a, b] = [await origin(t, 'a'), await origin(t, 'b')];
  const run = await start(t, config('    server c {addr:b}'), { ports: { a, b } });
  const client = await connect(t, run.port('fe'));
  await client.exchange('GET / HTTP/1.1\nHost: x\n\n');
  await run.cli('set server be/a state drain');
  const before = await run.row('be/BACKEND');
  run.rewrite(config('    server b {addr:b}'));
  run.signal('SIGUSR2');
  await until('server b', async () => (await run.cli('show servers state')).includes(' b 127.0.0.1 '));
  assert.ok(!(await run.cli('show servers state')).includes(' c 127.0.0.1 '));
  assert.equal((await run.row('be/a'))['status'], 'DRAIN');
  assert.equal((await run.row('be/BACKEND'))['stot'], before['stot']);
  assert.equal((await client.exchange('GET / HTTP/1.1\nHost: x\n\n')).text, 'b');
});

test(
  'a file with errors changes nothing and says why',
  unlessHaproxy26('a reload starts another process'),
  async (t) => {
    const a = await origin(t, 'a');
    const run = await start(t, config(''), { ports: { a } });
    run.rewrite(config('    server b {addr:a} nonsense\n    surver c {addr:a}'));
    run.signal('SIGUSR2');
    const told = await run.output(/\[ALERT\].*unknown keyword 'nonsense'[^\n]*/);
    assert.match(told, /haproxy\.cfg:\d+\]/);
    await run.output(/\[ALERT\].*unknown keyword 'surver'[^\n]*/);
    assert.equal((await get(run.port('fe'))).text, 'a');
    assert.match(await run.cli('reload'), /^Success=0\n--\n/);
    run.rewrite(config(''));
    assert.match(await run.cli('reload'), /^Success=1\n--/);
    assert.equal((await get(run.port('fe'))).text, 'a');
  },
);

test('SIGUSR1 stops softly: listeners close, what runs may end, then the program', async (t) => {
  let answer = (): void => {};
  const a = await origin(t, () => new Promise((resolve) => (answer = () => resolve({ body: 'late' }))));
  const run = await start(t, config(''), { ports: { a } });
  const client = await connect(t, run.port('fe'));
  client.send('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
  await a.nextRequest();
  run.signal('SIGUSR1');
  await until('the listener to close', () =>
    connect(t, run.port('fe')).then(
      // One that is left open would be waited for.
      (other) => void other.close(),
      () => true,
    ),
  );
  answer();
  const response = await client.response('GET');
  assert.equal(response.text, 'late');
  assert.equal(response.get('connection'), 'close');
  await client.rest();
  client.close();
  const { code } = await run.exited;
  assert.equal(code, 0);
  await run.stop();
});

for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  test(`${signal} stops at once`, async (t) => {
    const a = await origin(t, 'a');
    const run = await start(t, config(''), { ports: { a } });
    const client = await connect(t, run.port('fe'));
    await client.exchange('GET / HTTP/1.1\nHost: x\n\n');
    run.signal(signal);
    const exit = await run.exited;
    // HAProxy 2.6 dies of the signal; from 3.x on SIGINT is an orderly end.
    if (isHaproxy) assert.equal(exit.signal, signal);
    else assert.ok(exit.code === 0 || (signal === 'SIGTERM' && exit.code === 143), JSON.stringify(exit));
    await run.stop();
  });
}
