import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { test } from 'node:test';
import { cli } from '../support/cli.ts';
import { get } from '../support/connection.ts';
import { origin } from '../support/origin.ts';
import { freePort } from '../support/ports.ts';
import { start, unlessHaproxy26 } from '../support/program.ts';
import { until } from '../support/wait.ts';

// What a reload does to the process itself: control sockets, resolvers, settings of the start. HAProxy makes a new process.

const config = (global: string, rest = '', servers = 'server a {addr:app}') => `
global
    stats socket {sock:admin} level admin
${global}
${rest}
defaults
    mode http
    timeout connect 5s
    timeout client 10s
    timeout server 10s
frontend fe
    bind {addr:fe}
    default_backend be
backend be
    ${servers}
`;
const inProcess = unlessHaproxy26('a reload is another process');

test('control sockets are opened, changed and closed', inProcess, async (t) => {
  const app = await origin(t, 'app');
  const run = await start(t, config(''), { ports: { app } });
  const second = run.sock('second');
  run.rewrite(config(`    stats socket ${second} level user`));
  run.signal('SIGUSR2');
  // The name of a socket is there a moment before anybody listens on it.
  await until(
    () => `${second} to answer`,
    async () => existsSync(second) && /^user/.test(await cli(second, 'show cli level').catch(() => '')),
  );
  run.rewrite(config(`    stats socket ${second} level operator`));
  run.signal('SIGUSR2');
  await until(
    () => 'the level to change',
    async () => existsSync(second) && /^operator/.test(await cli(second, 'show cli level').catch(() => '')),
  );
  run.rewrite(config(''));
  run.signal('SIGUSR2');
  await until(
    () => `${second} to be gone`,
    () => !existsSync(second),
  );
  assert.match(await run.cli('show cli level'), /^admin/);
  assert.equal((await get(run.port('fe'))).text, 'app');
});

test('resolvers sections come and go', inProcess, async (t) => {
  const app = await origin(t, 'app');
  const run = await start(t, config(''), { ports: { app } });
  run.rewrite(config('', 'resolvers mine\n    nameserver n1 127.0.0.1:1'));
  run.signal('SIGUSR2');
  await until(
    () => 'the section to be there',
    async () => /Resolvers section mine/.test(await run.cli('show resolvers')),
  );
});

test('a server that a reload adds by host name is resolved before it is used', inProcess, async (t) => {
  const app = await origin(t, 'app');
  const run = await start(t, config(''), { ports: { app } });
  run.rewrite(config('', '', 'server b ipv4@localhost:{port:app}'));
  run.signal('SIGUSR2');
  await until(
    () => 'server b',
    async () => (await run.stat()).some((row) => row['svname'] === 'b'),
  );
  assert.equal((await get(run.port('fe'))).text, 'app');
});

test('a reload that replaces all servers, addresses by name among them, loses no request', inProcess, async (t) => {
  const app = await origin(t, 'app');
  const run = await start(t, config(''), { ports: { app } });
  let going = true;
  const answers = new Map<string, number>();
  const client = async () => {
    while (going) {
      const { text } = await get(run.port('fe'));
      answers.set(text, (answers.get(text) ?? 0) + 1);
    }
  };
  const clients = Promise.all([client(), client(), client(), client()]);
  for (let n = 0; n < 12; n++) {
    run.rewrite(config('', '', `server s${n} ${n % 2 === 0 ? 'ipv4@localhost:{port:app}' : '{addr:app}'}`));
    assert.match(await run.cli('reload'), /^Success=1/);
  }
  going = false;
  await clients;
  assert.deepEqual([...answers.keys()], ['app']);
  assert.ok(answers.get('app')! > 3, `${answers.get('app')} requests`);
});

test(
  'what only a restart puts in force is told, with its line, as long as it differs from the start',
  inProcess,
  async (t) => {
    const app = await origin(t, 'app');
    const run = await start(t, config('    nbthread 1\n    maxconn 100\n    pidfile {dir}/a.pid'), { ports: { app } });
    const wanted = config(
      '    nbthread 2\n    maxconn 200\n    pidfile {dir}/b.pid\n    chroot {dir}\n    user nobody',
    );
    const lines = [
      /\[WARNING\] .* parsing \[.*:4\] : 'nbthread' needs a restart: it was 1 at the start and is 2 now; counters /,
      /\[WARNING\] .* parsing \[.*:5\] : 'maxconn' needs a restart: 200 is more than the 100 of the start; /,
      /\[WARNING\] .* parsing \[.*:6\] : 'pidfile' needs a restart: it was .*a\.pid at the start and is .*b\.pid now; /,
      /\[WARNING\] .* parsing \[.*:7\] : 'chroot' needs a restart: .* is new; /,
      /\[WARNING\] .* parsing \[.*:8\] : 'user' needs a restart: \d+ is new; /,
    ];
    for (let i = 0; i < 2; i++) {
      run.rewrite(wanted);
      const answer = await run.cli('reload');
      assert.match(answer, /^Success=1/);
      for (const line of lines) assert.match(answer, line);
    }
    run.rewrite(config('    maxconn 100\n    pidfile {dir}/a.pid'));
    const answer = await run.cli('reload');
    assert.match(answer, /'nbthread' needs a restart: it is no longer set, 1 stays in force/);
    assert.doesNotMatch(answer, /maxconn|pidfile|chroot|user/);
  },
);

test(
  'a frontend that an operator has disabled stays so when a reload gives it another address',
  inProcess,
  async (t) => {
    const app = await origin(t, 'app');
    const run = await start(t, config(''), { ports: { app } });
    const other = await freePort();
    await run.cli('disable frontend fe');
    run.rewrite(config('').replace('bind {addr:fe}', `bind {addr:fe} defer-accept\n    bind 127.0.0.1:${other}`));
    assert.match(await run.cli('reload'), /^Success=1/);
    for (const port of [run.port('fe'), other]) await assert.rejects(get(port), /ECONNREFUSED/);
    assert.equal(await run.cli('enable frontend fe'), '');
    for (const port of [run.port('fe'), other]) assert.equal((await get(port)).text, 'app');
  },
);
