/** A group that may operate through sudo, without access to the socket; and what its people might try. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chownSync, existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { noPeople, type People, people } from '../support/people.ts';
import { type Run, start } from '../support/program.ts';

const sluice = join(import.meta.dirname, '../../bin/sluice');
const haproxy = '/usr/sbin/haproxy';
const ANNA = 60_001;

const CONFIG = `
  global
    stats socket {sock:admin} mode 600 level admin
  defaults
    mode http
    timeout connect 1s
    timeout client 5s
    timeout server 5s
  frontend web
    bind {addr:web}
    {rule}
  backend app
    server app1 127.0.0.1:10001 weight 100
    server app2 127.0.0.1:10002 weight 100
  backend pay
    server pay1 127.0.0.1:10003
    server pay2 127.0.0.1:10004
`;

/** What a careless machine passes on: that must not matter. */
const VARIABLES = [
  ...['SLUICE_TARGET', 'SLUICE_TARGETS', 'SLUICE_POLICY', 'SLUICE_NODE', 'SLUICE_SOURCE', 'STATE_DIRECTORY'],
  ...['NODE_OPTIONS', 'NODE_COMPILE_CACHE', 'NODE_PATH', 'XDG_CONFIG_HOME', 'XDG_STATE_HOME', 'HOME'],
];

const SUDOERS = `
Defaults env_keep += "${VARIABLES.join(' ')}"
%web-ops ALL=(root) NOPASSWD: ${sluice} runtime --level operator, ${sluice} runtime --level operator *
%web-ops ALL=(root) NOPASSWD: ${sluice} drain *, ${sluice} ready *, ${sluice} map import *
%web-ops ALL=(root) NOPASSWD: ${sluice} weight *, ${sluice} undo *
%web-ops ALL=(root) NOPASSWD: ${sluice} server-maxconn *, ${sluice} set-addr *
%leads ALL=(root) NOPASSWD: ${sluice} requests, ${sluice} approve *, ${sluice} undo *
`;

/** The day of the week in so many days, in UTC. */
const day = (days: number) =>
  ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'][new Date(Date.now() + days * 86_400_000).getUTCDay()]!;

const POLICY = `version: 1
timezone: UTC
people:
  ops: { groups: [web-ops] }
  leads: { groups: [leads] }
rules:
  - deny: ["*"]
    who: [ops]
    on: [pay/*]
    reason: pay is frozen
  - allow: [drain, ready, counters clear, map import]
    who: [ops]
  - allow: [weight]
    who: [ops]
    approval: leads
  - allow: [server-maxconn]
    who: [ops]
    hours: [${day(0)}-${day(1)} 00:00-24:00]
  - allow: [set-addr]
    who: [ops]
    hours: [${day(3)} 00:00-24:00]
  - allow: ["*"]
    who: [user:root]
    force: true
`;

function suite(title: string, product: 'sluice' | 'haproxy'): void {
  const skip = noPeople() || (product === 'haproxy' && !existsSync(haproxy) ? 'needs HAProxy' : false);
  describe(`behind sudo, ${title}`, { skip }, () => {
    const ends: (() => unknown)[] = [];
    const scope = { after: (end: () => unknown) => void ends.push(end) };
    let all: People;
    let run: Run;
    let socket: string;
    before(async () => {
      // The socket is known when the people are set up: a list of targets that is filled in before anybody asks.
      all = await people(scope, {
        people: { anna: ['web-ops'], bob: [], lea: ['leads'] },
        etc: { 'sudoers.d/sluice': SUDOERS, 'sluice/policy.yaml': POLICY, 'sluice/sudo.json': '{"targets": []}' },
      });
      const map = join(all.dir, 'hosts.map');
      writeFileSync(map, 'a.test app\n');
      const rule = product === 'haproxy' ? `use_backend %[path,map(${map},app)]` : 'default_backend app';
      const args = product === 'sluice' ? ['--policy', '/etc/sluice/policy.yaml'] : [];
      const program = all.program(product === 'sluice' ? sluice : haproxy);
      run = await start(scope, CONFIG.replace('{rule}', rule), { program, args });
      socket = run.sock('admin');
      writeFileSync(join(all.dir, 'etc/sluice/sudo.json'), JSON.stringify({ targets: [socket] }));
    });
    after(async () => {
      for (const end of ends.toReversed()) await end();
    });
    const sudo = (who: string, words: readonly string[], env = {}, input = '') =>
      all.as(who, ['sudo', '-n', sluice, ...words], env, input);
    /** Name, address and states of the servers. */
    const states = async () =>
      (await run.serversState()).map((row) => [row['srv_name'], row['srv_admin_state'], row['srv_uweight']].join(' '));

    it('lets the people of the group do what their line says, and nobody else', () => {
      const anna = sudo('anna', ['runtime', '--level', 'operator', 'show', 'info']);
      assert.equal(anna.status, 0, anna.err);
      assert.match(anna.out, /^Name: /);
      assert.match(anna.out, /\n\n$/);
      assert.equal(sudo('bob', ['runtime', '--level', 'operator', 'show', 'info']).status, 1);
      assert.equal(sudo('anna', ['runtime', '--level', 'admin', 'show info']).status, 1);
      assert.equal(sudo('anna', ['runtime', 'show info']).status, 1);
      const direct = all.as('anna', [sluice, 'runtime', '--target', socket, 'show info']);
      assert.equal(direct.status, 4);
      assert.match(direct.err, /no permission|EACCES/);
      const lines = sudo('anna', ['runtime', '--level', 'operator'], {}, 'get weight app/app1\nshow cli level\n');
      assert.equal(lines.out, '100 (initial 100)\n\noperator\n\n');
    });

    it('records who it was, and asks the policy about him', async () => {
      assert.equal(sudo('anna', ['drain', 'app/app1', '--reason', 'new disk']).status, 0);
      await run.status('app/app1', 'DRAIN');
      assert.equal(sudo('anna', ['runtime', '--level', 'operator', 'clear counters']).status, 0);
      const frozen = sudo('anna', ['drain', 'pay/pay1']);
      assert.equal(frozen.status, 3, frozen.err);
      assert.match(frozen.err, /by anna: pay is frozen/);
      const byNumber = sudo('anna', ['drain', product === 'sluice' ? 'pay/#1' : '#4/#1']);
      assert.equal(byNumber.status, 3, `${byNumber.err}${byNumber.out}`);
      assert.match((await run.row('pay/pay1'))['status']!, /no check/);
      const changes = all.as('anna', ['sudo', '-n', sluice, 'drain', 'app/app1', '--dry-run']);
      assert.equal(changes.status, 0, changes.err);
      const history = product === 'sluice' ? await run.cli('show changes app/app1') : journal().join('\n');
      assert.match(history, /anna/);
      assert.equal(sudo('anna', ['ready', 'app/app1']).status, 0);
    });

    /** Of the runner, whose journal is in the folder of root. */
    function journal(): string[] {
      const read = `${sluice} audit list --state-dir /var/lib/sluice/targets`;
      const { stdout, stderr } = spawnSync(all.program(read), [], { encoding: 'utf8' });
      assert.equal(stderr, '');
      return stdout.split('\n').filter((line) => /anna as root/.test(line));
    }

    it('does an operation of several steps as a whole when somebody else agrees', async () => {
      const asked = sudo('anna', [
        'weight',
        'app/app1',
        'ramp',
        '10:30:200ms',
        '--steps',
        '2',
        '--reason',
        'it is new',
      ]);
      assert.equal(asked.status, 8, `${asked.out}${asked.err}`);
      const [, operation = ''] = /it waits for 'sluice approve (op-\w+)' by one of them/.exec(asked.err)!;
      assert.match(sudo('lea', ['requests']).out, new RegExp(`^${operation} 'weight app/app1 ramp 10:30:200ms`));
      assert.equal((await run.row('app/app1'))['weight'], '100');
      assert.notEqual(sudo('bob', ['approve', operation]).status, 0);
      // What is not asked for is not made in her name.
      await run.cli('set server app/app2 weight 100%');
      const agreed = sudo('lea', ['approve', operation]);
      assert.equal(agreed.status, 0, `${agreed.out}${agreed.err}`);
      assert.match(agreed.out, /weight: 100 -> 10\n[\s\S]*weight: 10 -> 20\n[\s\S]*weight: 20 -> 30\n/);
      assert.equal((await run.row('app/app1'))['weight'], '30');
      const entries = product === 'sluice' ? await run.cli(`show changes ${operation}`) : journal().join('\n');
      assert.equal(entries.match(/-> (10|20|30)\b/g)?.length, product === 'sluice' ? 6 : 3, entries);
      assert.equal(sudo('lea', ['requests']).out, 'none\n');
      assert.equal(sudo('lea', ['approve', operation]).status, 2);
      // Who asked, and who agreed, may take it back; others may not.
      const back = sudo('anna', ['undo', operation]);
      assert.equal(back.status, 0, `${back.out}${back.err}`);
      assert.equal((await run.row('app/app1'))['weight'], '100');
    });

    it('holds to the hours of the policy', async () => {
      const before = await states();
      const open = sudo('anna', ['server-maxconn', 'app/app1', '50', '--reason', 'try']);
      assert.equal(open.status, 0, `${open.out}${open.err}`);
      const closed = sudo('anna', ['set-addr', 'app/app1', '127.0.0.1:10009']);
      assert.equal(closed.status, 3, `${closed.out}${closed.err}`);
      assert.match(closed.err, new RegExp(`'set-addr' on 'app/app1' by anna: .*${day(3)} 00:00-24:00`));
      assert.deepEqual(await states(), before);
      assert.match((await run.cli('show servers state app')).split('\n')[2]!, / 10001 /);
      const [, operation = ''] = /sluice undo (op-\w+)/.exec(open.out)!;
      assert.equal(sudo('anna', ['undo', operation]).status, 0);
    });

    it('does not let the bounds be said again', async () => {
      const before = await states();
      for (const words of [
        ['--level', 'admin', 'set server app/app1 state maint'],
        ['--level=admin', 'set server app/app1 state maint'],
        ['set server app/app1 state maint', '--level', 'admin'],
        ['--target', '/tmp/other.sock', 'show info'],
        ['--target=/tmp/other.sock', 'show info'],
        ['--state-dir', '/tmp/x', 'show info'],
        ['--policy', '/tmp/x', 'show info'],
        ['set server app/app1 state maint'],
        ['--', 'set server app/app1 state maint'],
        ['show info\nset server app/app1 state maint'],
      ]) {
        const { status, err } = sudo('anna', ['runtime', '--level', 'operator', ...words]);
        assert.ok(status !== 0, `${words.join(' ')}: ${status} ${err}`);
      }
      assert.equal(sudo('anna', ['drain', 'app/app1', '--target', '/tmp/other.sock']).status, 3);
      assert.equal(sudo('anna', ['drain', 'app/app1', '--target', socket, '--dry-run']).status, 0);
      assert.deepEqual(await states(), before);
    });

    it('does not heed the environment', async () => {
      const fake = join(all.dir, 'fake.sock');
      let connected = 0;
      const server = createServer((connection) => {
        connected++;
        connection.destroy();
      }).listen(fake);
      ends.push(() => server.close());
      await new Promise((done) => server.once('listening', done));
      const evil = join(all.dir, 'evil');
      const trace = join(all.dir, 'trace');
      writeFileSync(evil, `#!/bin/sh\ntouch ${trace}\necho v26.9.0\n`, { mode: 0o755 });
      const module = join(all.dir, 'evil.cjs');
      writeFileSync(module, `require('node:fs').writeFileSync(${JSON.stringify(trace)}, '')`);
      const policy = join(all.dir, 'any.yaml');
      writeFileSync(policy, 'version: 1\nrules: [{ allow: ["*"], who: ["*"] }]\n');
      const state = join(all.dir, 'state');
      mkdirSync(state);
      const env = {
        ...{ SLUICE_TARGET: fake, SLUICE_TARGETS: policy, SLUICE_POLICY: policy, SLUICE_NODE: evil },
        ...{ SLUICE_SOURCE: '1', STATE_DIRECTORY: state, NODE_OPTIONS: `--require=${module}`, NODE_PATH: all.dir },
        ...{ NODE_COMPILE_CACHE: state, XDG_CONFIG_HOME: all.dir, XDG_STATE_HOME: state, HOME: all.dir },
      };
      const seen = sudo('anna', ['runtime', '--level', 'operator', 'show info'], env);
      assert.equal(seen.status, 0, seen.err);
      assert.match(seen.out, /^Name: /);
      assert.equal(sudo('anna', ['drain', 'pay/pay1'], env).status, 3);
      assert.equal(connected, 0);
      assert.equal(existsSync(trace), false);
      assert.equal(existsSync(join(state, 'targets')), false);
    });

    if (product === 'haproxy')
      it('reads files with the rights of who used it', async () => {
        const map = join(all.dir, 'hosts.map');
        const secret = join(all.dir, 'secret');
        writeFileSync(secret, 'hunter2 of-root\n', { mode: 0o600 });
        const refused = sudo('anna', ['map', 'import', map, secret, '--yes']);
        assert.notEqual(refused.status, 0);
        assert.match(refused.err, /secret cannot be read: EACCES/);
        assert.doesNotMatch(refused.err + refused.out, /hunter2/);
        const own = join(all.dir, 'own');
        writeFileSync(own, 'b.test app\n', { mode: 0o600 });
        chownSync(own, ANNA, ANNA);
        const done = sudo('anna', ['map', 'import', map, own, '--yes']);
        assert.equal(done.status, 0, done.err);
        assert.match(await run.cli(`show map ${map}`), /b\.test app/);
        const piped = sudo('anna', ['map', 'import', map, '-', '--yes'], {}, 'c.test app\n');
        assert.equal(piped.status, 0, piped.err);
        assert.match(await run.cli(`show map ${map}`), /c\.test app/);
      });
  });
}

suite('on Sluice', 'sluice');
suite('on HAProxy', 'haproxy');
