import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { statRows } from '../../src/change/remote/stat-rows.ts';
import { readState, stateOf } from '../../src/ops/state.ts';
import { origin } from '../support/origin.ts';
import { type Run, start } from '../support/program.ts';
import type { Scope } from '../support/wait.ts';

const CONFIG = `
  global
    stats socket {sock:admin} level admin
  defaults
    mode http
    timeout connect 1s
    timeout client 5s
    timeout server 5s
  frontend web
    maxconn 100
    bind {addr:web}
    default_backend app
  backend app
    balance roundrobin
    option httpchk
    server app1 {addr:app} weight 100 maxconn 30 check inter 100
    server app2 {addr:app} weight 50
    server spare {addr:app} backup disabled
    server gone {addr:nobody} check inter 100 fall 1
`;

async function started(scope: Scope, program?: string): Promise<Run> {
  const app = await origin(scope, 'hello');
  const run = await start(scope, CONFIG, { ports: { app }, ...(program ? { program } : {}) });
  await run.status('app/gone', 'DOWN');
  await run.status('app/app1', 'UP');
  return run;
}

async function state(run: Run) {
  return readState((words) => run.cli(words.join(' ')));
}

for (const program of ['/usr/sbin/haproxy', undefined]) {
  describe(`the state of ${program ?? 'Sluice'}`, { skip: program && !existsSync(program) }, () => {
    it('tells the process, its frontends and each server as the socket does', async (t) => {
      const run = await started(t, program);
      const { info, frontends, backends } = await state(run);
      assert.equal(info.pid, run.pid);
      assert.equal(info.product, program ? 'haproxy' : 'sluice');
      assert.equal(info.stopping, false);
      assert.deepEqual(
        frontends.map(({ name, status, maxconn, mode }) => ({ name, status, maxconn, mode })),
        [{ name: 'web', status: 'OPEN', maxconn: 100, mode: 'http' }],
      );
      assert.deepEqual(
        backends.map(({ name, status, algo }) => ({ name, status, algo })),
        [{ name: 'app', status: 'UP', algo: 'roundrobin' }],
      );
      const told = backends[0]!.servers.map(({ name, admin, oper, usable, backup, weight, maxconn, check }) =>
        [name, admin, oper, usable, backup, weight, maxconn, check?.enabled].join(' '),
      );
      assert.deepEqual(told, [
        'app1 ready up true false 100 30 true',
        'app2 ready up true false 50 0 ',
        'spare maint down false true 1 0 ',
        'gone ready down false false 1 0 true',
      ]);
      assert.equal(backends[0]!.servers[0]!.port, run.port('app'));
    });

    it('follows what is set on the socket', async (t) => {
      const run = await started(t, program);
      await run.cli('set server app/app1 state drain');
      await run.cli('set server app/app2 weight 10%');
      await run.cli('disable health app/app1');
      const [app1, app2] = (await state(run)).backends[0]!.servers;
      assert.equal(app1?.admin, 'drain');
      assert.equal(app1?.usable, false);
      assert.equal(app1?.check?.enabled, false);
      assert.deepEqual([app2?.weight, app2?.fileWeight], [5, 50]);
      await run.cli('set server app/app2 weight 0');
      assert.equal((await state(run)).backends[0]!.servers[1]!.usable, false);
    });
  });
}

const recorded = join(import.meta.dirname, '../../../shared/runtime-api/golden');

describe('recorded answers of HAProxy 3.5', { skip: existsSync(recorded) ? false : 'no recordings here' }, () => {
  const answer = (name: string) => readFileSync(join(recorded, `${name}.txt`), 'latin1').replace(/^.*\n/, '');

  it('are read', () => {
    const info = answer('show-info.typed').replace(/^\d+\.([^.]+)\.1:\w+:\w+:/gm, '$1: ');
    const { backends } = stateOf(info, answer('show-stat'), answer('show-servers-state'));
    const app = backends.find(({ name }) => name === 'be_app');
    assert.deepEqual(
      app?.servers.map(({ name, weight, address }) => [name, weight, address]),
      [
        ['s1', 10, '127.0.0.1'],
        ['s2', 20, '127.0.0.1'],
        ['s3', 1, '127.0.0.1'],
      ],
    );
  });
});

describe('rows of statistics', () => {
  it('are read back as they were written, whatever is in the cells', () => {
    const text = fc.string({ unit: fc.constantFrom('a', ',', '"', ' ', '\n', 'é') });
    const rows = fc.array(fc.tuple(text, text, text, text), { maxLength: 5 });
    fc.assert(
      fc.property(rows, fc.subarray(['a', 'b', 'c', 'd']), (cells, names) => {
        const quote = (cell: string) => (/[,"\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell);
        // A row whose first cell is empty does not exist: that is a proxy's name.
        const lines = cells.map(([a, ...rest]) => [`n${a}`, ...rest].map((cell) => `${quote(cell)},`).join(''));
        const read = statRows(`# a,b,c,d,\n${lines.join('\n')}\n\n`, names);
        const all = cells.map(([a, b, c, d]): Record<string, string> => ({ a: `n${a}`, b, c, d }));
        assert.deepEqual(
          read,
          all.map((row) => Object.fromEntries(names.map((name) => [name, row[name]]))),
        );
      }),
    );
  });

  it('of a column that this version lacks are empty', () => {
    assert.deepEqual(statRows('# a,b,\n1,2,\n', ['b', 'newer']), [{ b: '2', newer: '' }]);
    assert.deepEqual(statRows('# a,b,', ['b']), []);
    assert.throws(() => statRows('# a,b', ['b']), /no table of statistics/);
  });

  it('that are none are refused with what was answered', () => {
    assert.throws(() => statRows('Permission denied\n', ['a']), /no table of statistics: "Permission denied"/);
    assert.throws(() => stateOf('Permission denied', '# pxname\n', '1\n'), /no facts of a process/);
    assert.throws(() => stateOf('Version: 1\n', '# pxname\n', 'No such backend.'), /no state of servers/);
  });
});
