/** The client on a master CLI, of Sluice and of the installed HAProxy. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import {
  connect,
  NotFoundError,
  type RuntimeClient,
  type RuntimeClientError,
  UnknownCommandError,
} from '../../src/client/index.ts';
import { type Run, start } from '../support/program.ts';
import { until } from '../support/wait.ts';
import { programs } from './programs.ts';

const config = `
global
    stats socket {sock:admin} level admin
defaults
    mode http
    timeout connect 1s
    timeout client 5s
    timeout server 5s
frontend web
    bind {addr:web}
    default_backend app
backend app
    server app1 127.0.0.1:1 weight 10
`;

for (const { name, product, path, skip } of programs) {
  describe(`the client on the master CLI of ${name}`, { skip }, () => {
    let run: Run;
    let client: RuntimeClient;
    const cleanUps: (() => unknown)[] = [];
    before(async () => {
      const scope = { after: (cleanUp: () => unknown) => cleanUps.push(cleanUp) };
      run = await start(scope, config, { program: path, args: ['-W', '-S', '{sock:master}'] });
      // HAProxy's master executes itself once more after its start.
      client = await until(`a master CLI of ${name}`, () =>
        connect(`master:${run.sock('master')}`).catch(() => undefined),
      );
    });
    after(async () => {
      client?.close();
      for (const cleanUp of cleanUps) await cleanUp();
    });

    test('commands go to the worker', async () => {
      assert.equal(client.product, product);
      await client.setServerWeight('app/app1', 5);
      assert.deepEqual(await client.getServerWeight('app/app1'), { current: 5, initial: 10 });
      assert.equal((await client.showStat({ proxy: 'app' })).length, 2);
      const lines = await Array.fromAsync(client.stream(['show', 'servers', 'state']));
      assert.equal(lines[0], '1');
      assert.equal(lines.length, 3);
    });

    test('refusals are told, also where no severity is', async () => {
      await assert.rejects(client.setServerState('app/nope', 'ready'), NotFoundError);
      await assert.rejects(client.getServerWeight('app/nope'), NotFoundError);
      await assert.rejects(client.showServersState('nope'), NotFoundError);
      await assert.rejects(client.run(['no', 'such', 'command']), UnknownCommandError);
      await assert.rejects(Array.fromAsync(client.stream(['show', 'errors', 'nope'])), NotFoundError);
    });

    test('many commands at once take turns', async () => {
      const answers = await Promise.all(Array.from({ length: 20 }, () => client.getServerWeight('app/app1')));
      assert.ok(answers.every(({ initial }) => initial === 10));
    });

    test('is known by its prompt, without being called a master', async () => {
      const other = await connect(run.sock('master'));
      assert.equal((await other.showProc())[0]!.type, 'master');
      other.close();
      const socket = await connect(run.sock('admin'));
      await assert.rejects(socket.showProc(), (error: RuntimeClientError) => error.code === 'EINVAL');
      socket.close();
    });

    test('a reload leaves no client of the stats socket with the old process', async () => {
      const socket = await connect(run.sock('admin'));
      const quick = await connect(run.sock('admin'));
      const [before] = (await client.showProc()).filter(({ type }) => type === 'worker');
      let busy = true;
      const commands = (async () => {
        while (busy) await quick.getServerWeight('app/app1');
      })();
      assert.equal((await client.reload()).ok, true);
      await new Promise((resolve) => setTimeout(resolve, 700));
      busy = false;
      await commands;
      const pid = (await client.showInfo()).Pid;
      if (product === 'haproxy') assert.notEqual(pid, before!.pid);
      assert.deepEqual([(await socket.showInfo()).Pid, quick.pid], [pid, pid]);
      for (const one of [socket, quick]) one.close();
    });

    test('a reload is told as it went', async () => {
      const [master] = await client.showProc();
      assert.deepEqual([master!.pid, master!.type, master!.failed], [run.pid, 'master', 0]);
      const pid = client.pid;
      assert.equal((await client.reload()).ok, true);
      if (product === 'haproxy') assert.notEqual(client.pid, pid);
      run.rewrite('no configuration\n');
      const failed = await client.reload();
      assert.equal(failed.ok, false);
      if (client.supports('reload result')) assert.match(failed.log, /no/);
      run.rewrite(config);
      assert.equal((await client.reload()).ok, true);
    });
  });
}
