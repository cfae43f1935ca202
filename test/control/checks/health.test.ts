import assert from 'node:assert/strict';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { setAdminState } from '../../../src/control/servers/admin-state.ts';
import { CheckState, OperState } from '../../../src/model/server.ts';
import { plainCheck, serverAt } from '../fixture.ts';
import { backend, checked, watch, withAgent } from './harness.ts';
import { deadPort, origin } from './origin.ts';

const masked = (lines: readonly string[]) => lines.map((line) => line.replace(/duration: \d+ms/, 'duration: 0ms'));

test('a server goes down and comes back with its origin', async (t) => {
  const first = await origin(t);
  const { model, fx, line } = watch(t, [backend('be', [checked('s1', first.port)])]);
  const server = serverAt(model, 'be/s1');
  await first.close();
  await line('has no server available');
  assert.deepEqual([server.operState, server.check!.status, server.check!.health], [OperState.stopped, 'L4CON', 0]);
  await origin(t, {}, first.port);
  await line('is UP');
  assert.deepEqual(masked(fx.lines), [
    '1 Server be/s1 is DOWN, reason: Layer4 connection problem, info: "Connection refused", check duration: 0ms. 0 active and 0 backup servers left. 0 sessions active, 0 requeued, 0 remaining in queue.',
    '0 backend be has no server available!',
    '5 Server be/s1 is UP, reason: Layer4 check passed, check duration: 0ms. 1 active and 0 backup servers online. 0 sessions requeued, 0 total in queue.',
  ]);
  assert.equal(server.failedChecks >= 1, true);
});

test('option log-health-checks logs each result that changes something, and then no reason', async (t) => {
  const { port, close } = await origin(t);
  const { fx, line } = watch(t, [
    backend('be', [checked('s1', port, { backup: true })], { options: ['log-health-checks'] }),
  ]);
  await line('status: 2/2 UP');
  await close();
  await line('is DOWN');
  assert.deepEqual(masked(fx.lines), [
    '5 Health check for backup server be/s1 succeeded, reason: Layer4 check passed, check duration: 0ms, status: 2/2 UP.',
    '5 Health check for backup server be/s1 failed, reason: Layer4 connection problem, info: "Connection refused", check duration: 0ms, status: 1/2 UP.',
    '5 Health check for backup server be/s1 failed, reason: Layer4 connection problem, info: "Connection refused", check duration: 0ms, status: 0/2 DOWN.',
    '1 Backup Server be/s1 is DOWN. 0 active and 0 backup servers left. 0 sessions active, 0 requeued, 0 remaining in queue.',
    '0 backend be has no server available!',
  ]);
});

test('status 404 with disable-on-404 makes a server stop, and 200 brings it back', async (t) => {
  let status = '404 Not Found';
  const web = await origin(t, () => ({ answer: `HTTP/1.0 ${status}\r\n\r\n` }));
  const { fx, line } = watch(t, [
    backend('be', [checked('s1', web.port)], { healthCheck: { ...plainCheck, kind: 'http', disableOn404: true } }),
  ]);
  await line('is stopping');
  status = '200 OK';
  await line('is UP');
  assert.deepEqual(masked(fx.lines), [
    '5 Server be/s1 is stopping, reason: Layer7 check conditionally passed, code: 404, check duration: 0ms. 0 active and 0 backup servers online. 0 sessions requeued, 0 total in queue.',
    '0 backend be has no server available!',
    '5 Server be/s1 is UP, reason: Layer7 check passed, code: 200, check duration: 0ms. 1 active and 0 backup servers online. 0 sessions requeued, 0 total in queue.',
  ]);
});

test('checks pause in maintenance and follow the switches', async (t) => {
  const port = await deadPort(t);
  const { model, fx, health, line } = watch(t, [
    backend('be', [checked('s1', port), checked('s2', port, { disabled: true })]),
  ]);
  const server = serverAt(model, 'be/s2');
  await line('be/s1 is DOWN');
  assert.equal(server.check!.status, 'INI', 'a server in maintenance is not checked');
  setAdminState(fx, server, 'ready');
  await line('be/s2 is DOWN');
  health.stop(server);
  server.check!.state &= ~CheckState.enabled;
  assert.equal(server.check!.state & CheckState.inProgress, 0);
});

test('an agent marks a server down and up, drains it and sets its weight', async (t) => {
  let word = 'down # disk full\n';
  const agent = await origin(t, () => ({ greeting: word, handle: (socket) => void socket.end(word) }));
  const config = withAgent('s1', 1, { port: agent.port, addr: '127.0.0.1' }, { weight: 10 });
  const { model, fx, line } = watch(t, [backend('be', [config])]);
  await line('is DOWN');
  word = 'up 50% maxconn:30\n';
  await line('is UP');
  word = 'drain\n';
  await line('enters drain');
  word = 'ready\n';
  await line('leaving forced drain');
  const server = serverAt(model, 'be/s1');
  assert.deepEqual([server.userWeight, server.maxconn], [5, 30]);
  assert.deepEqual(
    masked(fx.lines).filter((l) => !l.startsWith('0')),
    [
      '1 Server be/s1 is DOWN, reason: Layer7 wrong status, code: 0, info: "via agent : down (disk full)", check duration: 0ms. 0 active and 0 backup servers left. 0 sessions active, 0 requeued, 0 remaining in queue.',
      '5 Server be/s1 is UP, reason: Layer7 check passed, code: 0, info: "via agent : up", check duration: 0ms. 1 active and 0 backup servers online. 0 sessions requeued, 0 total in queue.',
      '5 Server be/s1 enters drain state. 0 active and 0 backup servers online. 0 sessions requeued, 0 total in queue.',
      '5 Server be/s1 is UP (leaving forced drain).',
    ],
  );
});

test('an agent gets the string of agent-send, and one that cannot be reached changes nothing', async (t) => {
  const agent = await origin(t, { answer: 'up\n' });
  const { model, fx } = watch(t, [
    backend('be', [
      withAgent('s1', 1, { port: agent.port, addr: '127.0.0.1', send: 'hello\n' }),
      withAgent('s2', 1, { port: await deadPort(t), addr: '127.0.0.1' }),
    ]),
  ]);
  const { promise, resolve } = Promise.withResolvers<void>();
  const look = setInterval(() => {
    if (serverAt(model, 'be/s1').agent!.status === 'L7OK' && serverAt(model, 'be/s2').agent!.status === 'L4CON')
      resolve();
  }, 5);
  t.after(() => clearInterval(look));
  await promise;
  assert.equal(agent.received[0], 'hello\n');
  assert.deepEqual(
    [serverAt(model, 'be/s2').operState, serverAt(model, 'be/s2').agent!.health],
    [OperState.running, 1],
  );
  assert.deepEqual(fx.lines, []);
});

test('traffic that fails counts as a failed check when it is observed', async (t) => {
  const { port } = await origin(t);
  const observed = { observe: 'layer7' as const, errorLimit: 3, onError: 'mark-down' as const };
  const { model, fx, health } = watch(t, [backend('be', [checked('s1', port, observed, { inter: 60_000 })])]);
  const server = serverAt(model, 'be/s1');
  health.report(server, 7, true, 2);
  health.report(server, 7, false, 1);
  health.report(server, 7, true, 2);
  assert.equal(server.operState, OperState.running, 'a success in between starts the count anew');
  health.report(server, 7, true, 1);
  assert.deepEqual(fx.lines.slice(0, 1), [
    '1 Server be/s1 is DOWN, reason: Health analyze, info: "Detected 3 consecutive errors, last one was: Wrong http response". 0 active and 0 backup servers left. 0 sessions active, 0 requeued, 0 remaining in queue.',
  ]);
  assert.equal(server.failedHana, 1);
});

test('an external check gets its arguments and environment, and its exit status decides', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-check-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const command = join(folder, 'check.sh');
  writeFileSync(
    command,
    `#!/bin/sh\necho "$@" > ${folder}/$HAPROXY_SERVER_NAME\nenv | grep HAPROXY | sort >> ${folder}/$HAPROXY_SERVER_NAME\n[ $HAPROXY_SERVER_NAME = good ]\n`,
  );
  chmodSync(command, 0o755);
  const healthCheck = {
    ...plainCheck,
    kind: 'external' as const,
    externalCommand: command,
    externalPath: '/usr/bin:/bin',
  };
  const slow = { rise: 1, fall: 1, inter: 1000 };
  const { model, fx, line } = watch(t, [
    backend('be', [checked('bad', 81, {}, slow), checked('good', 80, { maxconn: 12 }, slow)], { healthCheck }),
  ]);
  await line('is DOWN');
  const good = serverAt(model, 'be/good').check!;
  while (good.status === 'INI') await new Promise((resolve) => setTimeout(resolve, 5));
  assert.deepEqual([good.status, good.code], ['PROCOK', 0]);
  assert.match(
    fx.lines[0]!,
    /^1 Server be\/bad is DOWN, reason: External check error, code: 1, check duration: \d+ms\./,
  );
  assert.deepEqual(readFileSync(join(folder, 'good'), 'utf8').trim().split('\n'), [
    'NOT_USED NOT_USED 127.0.0.1 80',
    'HAPROXY_PROXY_ADDR=NOT_USED',
    'HAPROXY_PROXY_ID=2',
    'HAPROXY_PROXY_NAME=be',
    'HAPROXY_PROXY_PORT=NOT_USED',
    'HAPROXY_SERVER_ADDR=127.0.0.1',
    'HAPROXY_SERVER_CURCONN=0',
    'HAPROXY_SERVER_ID=2',
    'HAPROXY_SERVER_MAXCONN=12',
    'HAPROXY_SERVER_NAME=good',
    'HAPROXY_SERVER_PORT=80',
    'HAPROXY_SERVER_PROTO=h1',
    'HAPROXY_SERVER_SSL=0',
  ]);
});

test('no command is run without the leave of the global section', async (t) => {
  const healthCheck = { ...plainCheck, kind: 'external' as const, externalCommand: '/bin/true' };
  const proxy = backend('be', [checked('s1', 80, {}, { rise: 1, fall: 1 })], { healthCheck });
  const { model, line } = watch(t, [proxy]);
  (model.config.global as { insecureForkWanted: boolean }).insecureForkWanted = false;
  assert.match(
    await line('is DOWN'),
    /reason: Socket error, info: "external checks need 'insecure-fork-wanted' in the global section"/,
  );
});

test('checks of many servers keep to the limit and leave nothing behind', async (t) => {
  const web = await origin(t, { handle: () => undefined });
  const servers = Array.from({ length: 60 }, (_, i) => checked(`s${i}`, web.port, {}, { inter: 30 }));
  const healthCheck = { ...plainCheck, kind: 'http' as const };
  const { model, health, line } = watch(t, [backend('be', servers, { healthCheck })], 5);
  let most = 0;
  const look = setInterval(() => {
    most = Math.max(most, model.proxies[0]!.servers.filter((s) => s.check!.state & CheckState.inProgress).length);
  }, 2);
  await line('is DOWN');
  clearInterval(look);
  assert.equal(most > 0 && most <= 5, true, `${most} checks at a time`);
  health.close();
  assert.equal(
    model.proxies[0]!.servers.some((s) => s.check!.state & CheckState.inProgress),
    false,
  );
});
