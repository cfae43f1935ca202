/** The same expectations of the client against Sluice and against the installed HAProxy, each a real process. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import {
  AlreadyExistsError,
  connect,
  InUseError,
  NotFoundError,
  OutOfRangeError,
  PermissionDeniedError,
  RefusedError,
  type RuntimeClient,
  UnknownCommandError,
} from '../../src/client/index.ts';
import { connect as connectRaw } from '../support/connection.ts';
import { tcpOrigin } from '../support/origin.ts';
import { type Run, start } from '../support/program.ts';
import { until } from '../support/wait.ts';
import { programs } from './programs.ts';

const config = `
global
    stats socket {sock:admin} level admin
    stats socket {sock:user} level user
    stats socket {addr:tcp} level admin
ring events
    format raw
    size 32764
defaults
    mode http
    timeout connect 1s
    timeout client 5s
    timeout server 5s
    log ring@events local0
frontend web
    bind {addr:web}
    default_backend app
frontend second
    bind {addr:second}
    default_backend app
backend app
    balance roundrobin
    server app1 127.0.0.1:1 weight 10
    server app2 127.0.0.1:1 weight 20
`;

for (const { name, product, path, skip } of programs) {
  describe(`the client on ${name}`, { skip }, () => {
    let run: Run;
    let client: RuntimeClient;
    const cleanUps: (() => unknown)[] = [];
    before(async () => {
      run = await start({ after: (cleanUp) => cleanUps.push(cleanUp) }, config, { program: path });
      client = await connect(run.sock('admin'));
    });
    after(async () => {
      client?.close();
      for (const cleanUp of cleanUps) await cleanUp();
    });

    test('knows who answers', () => {
      assert.equal(client.product, product);
      assert.equal(client.pid, run.pid);
      assert.ok(client.version.atLeast(2, 4));
      assert.ok(client.version.text.startsWith(`${client.version.major}.${client.version.minor}`));
    });

    test('all forms of addresses lead to it', async () => {
      const forms = [
        `tcp:127.0.0.1:${run.port('tcp')}`,
        `127.0.0.1:${run.port('tcp')}`,
        `ipv4@127.0.0.1:${run.port('tcp')}`,
      ];
      for (const address of [...forms, `unix:${run.sock('admin')}`, `unix@${run.sock('admin')}`]) {
        const other = await connect(address);
        assert.equal((await other.showInfo()).Pid, run.pid);
        other.close();
      }
    });

    test('reads statistics, states and names', async () => {
      const app1 = (await client.showStat({ proxy: 'app' })).find((row) => row.svname === 'app1')!;
      assert.deepEqual([app1.weight, app1.type, app1.pxname, app1['dreq']], [10, 2, 'app', null]);
      assert.ok((await client.showStat()).some((row) => row.pxname === 'web' && row.svname === 'FRONTEND'));
      const states = await client.showServersState('app');
      assert.deepEqual(
        states.map((state) => [state.srv_name, state.srv_iweight, state.srv_port]),
        [
          ['app1', 10, 1],
          ['app2', 20, 1],
        ],
      );
      assert.ok((await client.showBackends()).includes('app'));
      const [conn] = await client.showServersConn('app');
      assert.deepEqual([conn!.name, conn!.addr, conn!.used_cur], ['app/app1', '127.0.0.1', 0]);
    });

    test('changes a server and reads it back', async () => {
      await client.setServerState('app/app1', 'maint');
      assert.equal((await client.showServersState('app'))[0]!.srv_admin_state & 1, 1);
      await client.setServerState('app/app1', 'ready');
      await client.setServerWeight('app/app1', '50%');
      assert.deepEqual(await client.getServerWeight('app/app1'), { current: 5, initial: 10 });
      assert.match(
        await client.setServerAddr('app/app1', '127.0.0.2', 2),
        /^IP changed from '127.0.0.1' to '127.0.0.2'/,
      );
      await client.setServerAddr('app/app1', '127.0.0.2', 2);
      assert.equal((await client.showServersState('app'))[0]!.srv_addr, '127.0.0.2');
      await client.setServerMaxconn('app/app1', 7);
      assert.equal((await client.showStat({ proxy: 'app' }))[0]!['slim'], 7);
      await client.disableServer('app/app2');
      await client.enableServer('app/app2');
    });

    test('adds and deletes a server', async () => {
      await client.addServer('app/app3', '127.0.0.1:3', ['weight', '3']);
      await assert.rejects(client.addServer('app/app3', '127.0.0.1:3'), AlreadyExistsError);
      await client.enableServer('app/app3');
      await assert.rejects(client.delServer('app/app3'), InUseError);
      await client.disableServer('app/app3');
      await client.delServer('app/app3');
      await assert.rejects(client.delServer('app/app3'), NotFoundError);
    });

    test('what changes limits and frontends does so, and what is so already is no error', async () => {
      await client.setMaxconnGlobal(150);
      await client.setMaxconnFrontend('web', 77);
      await client.setRateLimit('connections', 1000);
      const info = await client.showInfo();
      assert.deepEqual([info['Maxconn'], info['ConnRateLimit']], [150, 1000]);
      for (let i = 0; i < 2; i++) await client.disableFrontend('second');
      for (let i = 0; i < 2; i++) await client.enableFrontend('second');
      await client.clearCounters();
      await client.clearCounters('all');
    });

    test('refusals are errors of their kind, with the command and the answer', async () => {
      await assert.rejects(client.setServerState('app/nope', 'ready'), (error: NotFoundError) => {
        assert.ok(error instanceof NotFoundError);
        assert.deepEqual(error.command, ['set', 'server', 'app/nope', 'state', 'ready']);
        assert.deepEqual(error.answer, { severity: 3, text: 'No such server.' });
        return true;
      });
      await assert.rejects(client.setServerState('nope/nope', 'ready'), NotFoundError);
      await assert.rejects(client.setServerWeight('app/app1', 1000), OutOfRangeError);
      await assert.rejects(client.setServerAddr('app/app1', 'no address'), RefusedError);
      await assert.rejects(client.setServerCheckPort('app/app1', 99), RefusedError);
      await assert.rejects(client.enableAgent('app/app1'), RefusedError);
      await assert.rejects(client.disableFrontend('nope'), NotFoundError);
      await assert.rejects(client.showErrors('nope'), NotFoundError);
      await assert.rejects(client.showServersState('nope'), NotFoundError);
      await assert.rejects(client.shutdownSession('0x123'), NotFoundError);
      await assert.rejects(client.run(['no', 'such', 'thing']), UnknownCommandError);
      const user = await connect(run.sock('user'));
      await assert.rejects(user.setServerWeight('app/app1', 1), PermissionDeniedError);
      user.close();
    });

    test('a thousand commands at once get their own answers', async () => {
      const weights = Array.from({ length: 1000 }, (_, i) => 1 + (i % 200));
      const answers = await Promise.all(
        weights.flatMap((weight) => [client.setServerWeight('app/app2', weight), client.getServerWeight('app/app2')]),
      );
      assert.deepEqual(
        answers.filter((answer) => answer !== undefined).map((answer) => answer!.current),
        weights,
      );
    });

    test('commands that cannot share a connection have one of their own', async () => {
      assert.equal((await client.showEnv('HOME'))['HOME'], process.env['HOME']);
      await assert.rejects(client.showEnv('NOPE_NOPE'), NotFoundError);
      await client.setVar('proc.x', 'int(3)');
      assert.deepEqual(await client.getVar('proc.x'), { type: 'sint', value: '3' });
      await assert.rejects(client.setVar('proc.x', 'bogus(1)'), (error: RefusedError) => {
        assert.deepEqual(error.answer, { severity: 3, text: "unknown fetch method 'bogus'" });
        return error instanceof RefusedError;
      });
    });

    test('streams of lines end where the answer does, and tell refusals', async () => {
      const lines = await Array.fromAsync(client.stream(['show', 'stat']));
      assert.ok(lines[0]!.startsWith('# pxname,svname,'));
      assert.deepEqual(lines.at(-1)!.split(',').slice(0, 2), ['app', 'BACKEND']);
      await assert.rejects(Array.fromAsync(client.stream(['show', 'errors', 'nope'])), NotFoundError);
      assert.deepEqual(await Array.fromAsync(client.stream(['set', 'server', 'app/app1', 'state', 'ready'])), []);
    });

    test('lists the streams, itself among them', async () => {
      const [row] = await client.showSess();
      assert.deepEqual([row!.fe, row!.srv], ['GLOBAL', '<none>']);
      const [same] = await Array.fromAsync(client.sessions());
      assert.equal(same!.fe, 'GLOBAL');
    });

    test('finds a stream and ends it, by itself and by its server', async (t) => {
      const origin = await tcpOrigin(t, async (connection) => void (await connection.closed));
      await client.setServerAddr('app/app2', '127.0.0.1', origin.port);
      await client.setServerState('app/app1', 'maint');
      const ours = async () => (await client.showSess()).find(({ fe, srv }) => fe === 'web' && srv === 'app2');
      for (const end of ['stream', 'server']) {
        const user = await connectRaw(t, run.port('web'));
        user.send('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
        const row = await until('the stream of the request', ours);
        assert.equal(row.be, 'app');
        assert.match(await client.showSession(row.id), /web/);
        if (end === 'stream') await client.shutdownSession(row.id);
        else await client.shutdownSessionsServer('app/app2');
        await until('its end', async () => (await ours()) === undefined);
        user.close();
      }
      await client.setServerState('app/app1', 'ready');
    });

    test('reads the malformed messages that were captured', async (t) => {
      const user = await connectRaw(t, run.port('web'));
      user.send('GET / HTTP/1.1\r\nHost: a\r\nBad Header: x\r\n\r\n');
      await user.rest({ tolerateReset: true });
      const { total, errors } = await client.showErrors('web', 'request');
      assert.ok(total >= 1);
      assert.deepEqual([errors[0]!.proxy, errors[0]!.message, errors[0]!.position], ['web', 'request', 28]);
      assert.match(errors[0]!.dump, /Bad Header: x\\r\\n/);
    });

    test('reads events and follows them', async () => {
      const sinks = await client.showEvents();
      assert.equal(sinks.find((sink) => sink.name === 'events')?.type, 'buffer');
      const stop = new AbortController();
      await client.setServerState('app/app2', 'maint');
      await client.setServerState('app/app2', 'ready');
      const before = await Array.fromAsync(client.events('events'));
      assert.match(before.join('\n'), /app\/app2/);
      const following = client.events('events', { follow: true, onlyNew: true, signal: stop.signal });
      const seen = async (pattern: RegExp) => {
        for (;;) if (pattern.test((await following.next()).value!)) return;
      };
      const down = seen(/app\/app1/);
      await new Promise((resolve) => setTimeout(resolve, 100));
      await client.setServerState('app/app1', 'maint');
      await down;
      await client.setServerState('app/app1', 'ready');
      await seen(/app\/app1/);
      await following.return();
      await assert.rejects(Array.fromAsync(client.events('nope')), NotFoundError);
      stop.abort(new Error('enough'));
      await assert.rejects(Array.fromAsync(client.events('events', { follow: true, signal: stop.signal })), /enough/);
    });
  });
}
