/** A policy in force: what people may do, told by the account behind the socket. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { promisify } from 'node:util';
import { type Run, runToEnd, start } from '../support/program.ts';

const run = promisify(execFile);

const CONFIG = `
  global
    stats socket {sock:admin} mode 666 level admin
  defaults
    mode http
    timeout connect 1s
    timeout client 5s
    timeout server 5s
  frontend web
    bind {addr:web}
    default_backend app
  backend app
    server app1 127.0.0.1:10001 weight 100
    server app2 127.0.0.1:10002 weight 100
  backend pay
    server pay1 127.0.0.1:10003
`;

const POLICY = `version: 1
people:
  ops: { users: [daemon] }
  leads: { groups: [games] }
rules:
  - deny: [maint]
    who: ["*"]
    on: [pay/*]
    reason: pay is frozen
  - allow: [drain, ready, weight]
    who: [ops]
    on: [app/*]
  - allow: [maint]
    who: [ops]
    approval: leads
  - allow: ["*"]
    who: [user:root]
    force: true
guards:
  - { on: [app], min-usable: 1 }
`;

/** Accounts that every Debian has, with groups of their own: an operator, a lead, and somebody else. */
type Account = 'daemon' | 'games' | 'bin' | 'root';

interface World extends Run {
  as(account: Account, command: string): Promise<string>;
}

async function world(t: TestContext): Promise<World> {
  const started = await start(t, CONFIG, {
    files: { 'policy.yaml': POLICY },
    argv: ['-f', '{config}', '-db', '--policy', '{dir}/policy.yaml'],
  });
  const as = async (account: Account, command: string) => {
    const options = ['--reuid', account, '--regid', account, '--init-groups'];
    const socat = run('setpriv', [...options, 'socat', '-t5', '-', `UNIX-CONNECT:${started.sock('admin')}`]);
    socat.child.stdin!.end(`${command}\n`);
    return (await socat).stdout.trim();
  };
  await run('chmod', ['755', started.dir]);
  return Object.assign(started, { as });
}

const change = (changes: readonly object[], meta: object) => `change <<EOF\n${JSON.stringify({ changes, meta })}\nEOF`;
const drain = { kind: 'server.state', backend: 'app', server: 'app1', to: 'drain' };

describe('a policy', { skip: process.getuid!() === 0 ? false : 'needs root, to be several people' }, () => {
  test('lets people do what it says, and nobody else', async (t) => {
    const sluice = await world(t);
    assert.equal(await sluice.as('daemon', 'set server app/app1 state drain'), '');
    assert.match(
      await sluice.as('bin', 'set server app/app1 state ready'),
      /^Not allowed: 'ready' on 'app\/app1' by bin: no rule of .*policy.yaml allows it$/,
    );
    assert.equal((await sluice.row('app/app1'))['status'], 'DRAIN');
    assert.match(await sluice.as('root', 'disable server pay/pay1'), /^Not allowed: .*pay is frozen/);
    assert.match(await sluice.as('bin', 'show info'), /^Name: /);
    assert.match(await sluice.as('bin', 'show changes app/app1'), /refused server.state app\/app1.*Not allowed/);
  });

  test('is not got past by numbers in place of names', async (t) => {
    const sluice = await world(t);
    const { iid, sid } = await sluice.row('pay/pay1');
    const refused = /^Not allowed: 'maint' on 'pay\/pay1' by root: pay is frozen/;
    assert.match(await sluice.as('root', `set server #${iid}/#${sid} state maint`), refused);
    assert.match(await sluice.as('root', `set server pay/#${sid} state maint`), refused);
    const numbered = { kind: 'server.state', backend: `#${iid}`, server: `#${sid}`, to: 'maint' };
    assert.match(JSON.parse(await sluice.as('root', change([numbered], {}))).results[0].problems[0].text, refused);
    assert.equal((await sluice.row('pay/pay1'))['status'], 'no check');
  });

  test('makes what needs approval wait for a second person', async (t) => {
    const sluice = await world(t);
    const asked = await sluice.as('daemon', 'set server app/app1 state maint');
    assert.match(asked, /^Approval needed: 'maint' on 'app\/app1' by daemon: one of 'leads' must agree/);
    const [, operation] = /^(op-\w+) \(by daemon.*waits .*\): server.state app\/app1$/.exec(
      await sluice.as('bin', 'show requests'),
    )!;
    assert.match(await sluice.as('daemon', `approve ${operation}`), /A second person must approve, not daemon/);
    assert.match(await sluice.as('bin', `approve ${operation}`), /who is not one of 'leads'/);
    assert.equal((await sluice.row('app/app1'))['status'], 'no check');
    assert.match(await sluice.as('games', `approve ${operation}`), new RegExp(`^${operation}: 1 change made`));
    assert.equal((await sluice.row('app/app1'))['status'], 'MAINT');
    assert.equal(await sluice.as('bin', 'show requests'), '');
    assert.match(await sluice.as('games', `approve ${operation}`), /No request .* waits for approval/);
    const entries = JSON.parse(await sluice.as('root', `show changes ${operation} json`));
    const made = entries.find((entry: { ok: boolean | null }) => entry.ok === true);
    assert.equal(made.origin.actor.name, 'daemon');
    assert.equal(made.origin.approvedBy.name, 'games');
  });

  test('shows who must agree by name what was asked for by number', async (t) => {
    const sluice = await world(t);
    const { iid, sid } = await sluice.row('app/app1');
    assert.match(
      await sluice.as('daemon', `set server #${iid}/#${sid} state maint`),
      /^Approval needed: 'maint' on 'app\/app1' by daemon/,
    );
    const [, operation, what] = /^(op-\w+) .*: (.*)$/.exec(await sluice.as('games', 'show requests'))!;
    assert.equal(what, 'server.state app/app1');
    assert.match(await sluice.as('games', `approve ${operation}`), new RegExp(`^${operation}: 1 change made`));
    assert.equal((await sluice.row('app/app1'))['status'], 'MAINT');
    assert.equal((await sluice.row('app/app2'))['status'], 'no check');
  });

  test('keeps the time that was asked for over the approval', async (t) => {
    const sluice = await world(t);
    const request = change([{ ...drain, to: 'maint' }], { for: 800, operation: 'op-abcdefgh' });
    assert.equal(JSON.parse(await sluice.as('daemon', request)).ok, false);
    assert.match(await sluice.as('games', 'approve op-abcdefgh'), /taken back in 1 s/);
    await sluice.status('app/app1', 'no check');
  });

  test('makes an operation of several steps wait as a whole, and be made as it was asked for', async (t) => {
    const sluice = await world(t);
    const maint = (server: string) => ({ kind: 'server.state', backend: 'app', server, to: 'maint' });
    const ask = {
      changes: [maint('app1'), drain, maint('app1')],
      mode: 'permit',
      meta: { steps: 3, operation: 'op-abcdefgh' },
    };
    const asked = JSON.parse(await sluice.as('daemon', `change <<EOF\n${JSON.stringify(ask)}\nEOF`));
    assert.equal(asked.ok, false);
    assert.match(asked.results[0].problems[0].text, /^Approval needed: 'maint' on 'app\/app1' by daemon/);
    assert.match(
      await sluice.as('games', 'approve op-abcdefgh'),
      /has 3 steps, .*'sluice approve op-abcdefgh' makes them/,
    );
    const step = async (account: Account, one: object) => {
      const made = JSON.parse(await sluice.as(account, change([one], { operation: 'op-abcdefgh', approves: true })));
      return made.ok ? 'made' : made.results[0].problems[0].text;
    };
    assert.match(await step('daemon', maint('app1')), /^A second person must approve, not daemon/);
    assert.match(await step('bin', maint('app1')), /who is not one of 'leads'/);
    assert.match(await step('games', maint('app2')), /^op-abcdefgh does not ask for this server.state, or it was made/);
    assert.equal(await step('games', maint('app1')), 'made');
    assert.equal(await step('games', drain), 'made');
    assert.match(await step('games', drain), /or it was made already$/);
    assert.equal(await step('games', maint('app1')), 'made');
    assert.match(await step('games', maint('app1')), /or it was made already$/);
    // Who agreed may take it back as long as a request would have waited; others need what the policy says.
    assert.match(await sluice.as('bin', 'undo op-abcdefgh'), /Not allowed: /);
    assert.match(await sluice.as('games', 'undo op-abcdefgh'), /3 changes made/);
    assert.equal((await sluice.row('app/app1'))['status'], 'no check');
  });

  test('keeps the servers that its guards ask for, unless somebody may overrule them and says why', async (t) => {
    const sluice = await world(t);
    assert.equal(await sluice.as('daemon', 'set server app/app1 state drain'), '');
    assert.match(
      await sluice.as('daemon', 'set server app/app2 weight 0'),
      /^Guarded: backend 'app' would have 0 of 2 servers usable; .* asks for 1$/,
    );
    const both = [{ ...drain, server: 'app2' }];
    const forced = { force: true, reason: 'the rack burns' };
    assert.match(
      JSON.parse(await sluice.as('daemon', change(both, forced))).results[0].problems[0].text,
      /guards may not be overridden/,
    );
    assert.match(await sluice.as('root', change(both, { force: true })), /'force' must be true, with a 'reason'/);
    assert.equal(JSON.parse(await sluice.as('root', change(both, forced))).ok, true);
  });

  test('is read again by a reload; a broken one changes nothing', async (t) => {
    const sluice = await world(t);
    const file = join(sluice.dir, 'policy.yaml');
    writeFileSync(file, POLICY.replace('who: [ops]\n    on: [app/*]', 'who: [user:bin]\n    on: [app/*]'));
    assert.match(await sluice.as('root', 'reload'), /Success=1/);
    assert.equal(await sluice.as('bin', 'set server app/app1 state drain'), '');
    assert.match(await sluice.as('daemon', 'set server app/app1 state ready'), /^Not allowed/);
    writeFileSync(file, `${POLICY}\nrule: []\n`);
    const failed = await sluice.as('root', 'reload');
    assert.match(failed, /Success=0/);
    assert.match(failed, /policy.yaml:\d+: there is no such setting: 'rule'/);
    assert.equal(await sluice.as('bin', 'set server app/app1 state ready'), '');
  });

  test('denies a reload to who may not, and what a lease takes back needs nobody', async (t) => {
    const sluice = await world(t);
    assert.match(await sluice.as('daemon', 'reload'), /Not allowed: 'reload' on 'global' by daemon/);
    assert.equal(JSON.parse(await sluice.as('daemon', change([drain], { for: 300 }))).ok, true);
    await sluice.status('app/app1', 'no check');
  });
});

test('a policy that cannot be used is refused at start, with all its mistakes', async () => {
  const { code, stderr } = await runToEnd(CONFIG, {
    files: { 'policy.yaml': 'version: 1\nrules:\n  - { allow: [drian], who: [nobody] }\n' },
    argv: ['-f', '{config}', '-db', '--policy', '{dir}/policy.yaml'],
  });
  assert.equal(code, 1);
  assert.match(stderr, /policy.yaml:3: no such action: 'drian'/);
  assert.match(stderr, /policy.yaml:3: no such set of people: 'nobody'/);
});
