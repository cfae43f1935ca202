/** The same expectations of the client against Sluice and against the installed HAProxy, each a real process. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { after, before, describe, test } from 'node:test';
import {
  connect,
  NotFoundError,
  PermissionDeniedError,
  type RuntimeClient,
  RuntimeCommandError,
} from '../../src/client/index.ts';
import { program, type Run, start } from '../support/program.ts';

const config = `
global
    stats socket {sock:admin} level admin
    stats socket {sock:user} level user
    stats socket {addr:tcp} level admin
defaults
    mode http
    timeout connect 1s
    timeout client 5s
    timeout server 5s
frontend web
    bind {addr:web}
    default_backend app
backend app
    balance roundrobin
    server app1 127.0.0.1:1 weight 10
    server app2 127.0.0.1:1 weight 20
`;

const haproxy = '/usr/sbin/haproxy';
const programs = [
  { name: 'Sluice', product: 'sluice', path: program, skip: false as const },
  {
    name: 'HAProxy',
    product: 'haproxy',
    path: haproxy,
    skip: spawnSync(haproxy, ['-v']).status === 0 ? (false as const) : 'not installed',
  },
];

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
    });

    test('TCP and unix addresses are the same to it', async () => {
      const tcp = await connect(`tcp:127.0.0.1:${run.port('tcp')}`);
      assert.equal((await tcp.showInfo()).Pid, run.pid);
      tcp.close();
    });

    test('reads statistics, states and names', async () => {
      const rows = await client.showStat();
      const app1 = rows.find((row) => row.pxname === 'app' && row.svname === 'app1')!;
      assert.equal(app1.weight, 10);
      assert.equal(app1['type'], 2);
      const states = await client.showServersState('app');
      assert.deepEqual(
        states.map((state) => [state.srv_name, state.srv_iweight]),
        [
          ['app1', 10],
          ['app2', 20],
        ],
      );
      assert.ok((await client.showBackends()).includes('app'));
    });

    test('changes a server and reads it back', async () => {
      await client.setServerState('app/app1', 'maint');
      assert.equal((await client.showServersState('app'))[0]!.srv_admin_state & 1, 1);
      await client.setServerState('app/app1', 'ready');
      await client.setServerWeight('app/app1', '50%');
      assert.deepEqual(await client.getServerWeight('app/app1'), { current: 5, initial: 10 });
    });

    test('refusals are errors of their kind', async () => {
      await assert.rejects(client.setServerState('app/nope', 'ready'), NotFoundError);
      await assert.rejects(client.setServerState('nope/nope', 'ready'), NotFoundError);
      const user = await connect(run.sock('user'));
      await assert.rejects(user.setServerWeight('app/app1', 1), PermissionDeniedError);
      user.close();
      await assert.rejects(client.run(['no', 'such', 'thing']), RuntimeCommandError);
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
  });
}
