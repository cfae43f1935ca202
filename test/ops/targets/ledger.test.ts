import assert from 'node:assert/strict';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import type { Change } from '../../../src/change/change.ts';
import { connect } from '../../../src/client/connect.ts';
import type { HaproxyTarget } from '../../../src/ops/targets/haproxy.ts';
import { openHaproxyTarget } from '../../../src/ops/targets/open-haproxy.ts';
import { lockTarget } from '../../../src/ops/targets/target-lock.ts';
import { type Run, start } from '../../support/program.ts';
import { folder, HAPROXY, meta } from './support.ts';

const CONFIG = `
  global
    stats socket {sock:admin} level admin
  defaults
    mode http
    timeout connect 1s
    timeout client 5s
    timeout server 5s
  frontend web
    bind {addr:web}
    http-request set-header x-app %[path,map({dir}/paths.map)]
    default_backend app
  backend app
    server app1 127.0.0.1:10001 weight 100 maxconn 30
    server app2 127.0.0.1:10002 weight 50
`;

const weight = (value: number): Change => ({
  kind: 'server.weight',
  backend: 'app',
  server: 'app1',
  weight: value,
  percent: false,
});
const drain: Change = { kind: 'server.state', backend: 'app', server: 'app2', to: 'drain' };

describe("the runner's ledger of a HAProxy", { skip: existsSync(HAPROXY) ? false : 'haproxy is not installed' }, () => {
  const cleanUps: (() => unknown)[] = [];
  const scope = { after: (cleanUp: () => unknown) => void cleanUps.unshift(cleanUp) };
  let run: Run;
  let state: string;
  before(async () => {
    run = await start(scope, CONFIG, { program: HAPROXY, files: { 'paths.map': '/a one\n' } });
    state = folder(scope);
  });
  after(async () => {
    for (const cleanUp of cleanUps) await cleanUp();
  });

  /** A runner of its own, as each command line is one. */
  async function runner(): Promise<HaproxyTarget> {
    const client = await connect(run.sock('admin'));
    const lb = await openHaproxyTarget('lb1', run.sock('admin'), client, state);
    scope.after(() => lb.close());
    return lb;
  }

  const weightNow = async () => (await run.serversState())[0]?.['srv_uweight'];

  it('is empty, and not even made, as long as one only looks', async () => {
    const lb = await runner();
    await lb.state();
    await lb.preview([weight(5)]);
    assert.deepEqual(readdirSync(state), []);
    await lb.close();
  });

  it('keeps what was done, by whom and why, for the next runner', async () => {
    const lb = await runner();
    const told = meta('weight app/app1 20', { reason: 'too hot', ticket: 'OPS-1' });
    assert.ok((await lb.apply([weight(20), drain], told)).ok);
    await lb.close();
    const next = await runner();
    const entries = await next.ledger.history({ operation: told.operation });
    assert.deepEqual(
      entries.map(({ phase, ok, before: was, after: is, target }) => [phase, ok, was, is, target]),
      [
        ['attempt', null, '100', '20', 'lb1'],
        ['attempt', null, 'ready', 'drain', 'lb1'],
        ['outcome', true, '100', '20', 'lb1'],
        ['outcome', true, 'ready', 'drain', 'lb1'],
      ],
    );
    const { origin } = entries[0]!;
    assert.deepEqual(
      [origin.reason, origin.ticket, origin.title, origin.level],
      ['too hot', 'OPS-1', 'weight app/app1 20', 'admin'],
    );
    assert.equal(origin.actor?.pid, process.pid);
    assert.equal(statSync(state).mode & 0o777, 0o700);
  });

  it('tells what is in force over the file, and no more when it is as in the file again', async () => {
    const lb = await runner();
    const told = async () =>
      (await lb.ledger.overrides()).map(({ key, value, file }) => `${key}: ${value} over ${file}`);
    assert.deepEqual(await told(), ['server app/app1 weight: 20 over 100', 'server app/app2 state: drain over ready']);
    assert.ok((await lb.apply([weight(30)], meta())).ok);
    assert.ok((await lb.apply([{ ...drain, to: 'ready' } as Change], meta())).ok);
    assert.deepEqual(await told(), ['server app/app1 weight: 30 over 100']);
    const limit: Change = { kind: 'server.maxconn', backend: 'app', server: 'app1', maxconn: 5 };
    assert.ok((await lb.apply([limit], meta())).ok);
    assert.ok((await lb.apply([{ ...limit, maxconn: 6 }], meta())).ok);
    assert.ok((await told()).includes('server app/app1 maxconn: 6 over 30'));
    assert.ok((await lb.apply([{ ...limit, maxconn: 30 }], meta())).ok);
    assert.deepEqual(await told(), ['server app/app1 weight: 30 over 100']);
  });

  it('takes operations back, newest first, and each only once', async () => {
    const lb = await runner();
    const [one, two] = [meta('one'), meta('two')];
    assert.ok((await lb.apply([weight(40)], one)).ok);
    assert.ok((await lb.apply([weight(50), drain], two)).ok);
    assert.ok((await lb.ledger.undo(null, meta('undo'))).ok);
    assert.equal(await weightNow(), '40');
    assert.equal((await run.serversState())[1]?.['srv_admin_state'], '0');
    assert.match((await lb.ledger.undo(two.operation, meta('undo'))).text, /was taken back already, by op-/);
    // Done again, it can be taken back again.
    const [undone] = (await lb.ledger.history({ last: 1 })).map(({ origin }) => origin.operation);
    assert.ok((await lb.ledger.undo(undone!, meta('redo'))).ok);
    assert.equal(await weightNow(), '50');
    assert.ok((await lb.ledger.undo(two.operation, meta('undo'))).ok);
    assert.ok((await lb.ledger.undo(null, meta('undo'))).ok);
    assert.equal(await weightNow(), '30');
    assert.match((await lb.ledger.undo('op-none', meta('undo'))).text, /^no operation 'op-none' is recorded for lb1$/);
  });

  it('takes nothing back that somebody has set otherwise meanwhile', async () => {
    const lb = await runner();
    const made = meta('one');
    assert.ok((await lb.apply([drain, weight(40)], made)).ok);
    await run.cli('set server app/app1 weight 41');
    const undone = await lb.ledger.undo(made.operation, meta('undo'));
    assert.equal(undone.ok, false);
    assert.match(
      undone.text,
      /nothing was taken back, since something else was set meanwhile: server\.weight app\/app1 is 41, not 40/,
    );
    assert.equal((await run.serversState())[1]?.['srv_admin_state'], '8', 'the drain is left alone, too');
    await run.cli('set server app/app1 weight 40');
    assert.ok((await lb.ledger.undo(made.operation, meta('undo'))).ok);
  });

  it('has leases, which are due at their time, and take back what is still set', async () => {
    const lb = await runner();
    const made = meta('for a while', { for: 60_000 });
    const { lease, ok } = await lb.apply([weight(70), drain], made);
    assert.ok(ok);
    assert.deepEqual([lease?.kind, lease?.steps.length], ['expire', 2]);
    assert.deepEqual(await lb.dueLeases(Date.now()), []);
    const [due] = await lb.dueLeases(Date.now() + 60_001);
    assert.equal(due?.id, made.operation);
    await run.cli('set server app/app1 weight 71');
    const back = await lb.takeBack(due!, meta('lease'));
    assert.ok(back.ok);
    assert.match(back.text, /^left as it was set meanwhile: server\.weight app\/app1 is 71, not 70$/);
    assert.equal((await run.serversState())[1]?.['srv_admin_state'], '0');
    assert.deepEqual(await lb.ledger.leases(), []);
    await run.cli('set server app/app1 weight 30');
  });

  it('has leases that a confirmation ends', async () => {
    const lb = await runner();
    const made = meta('try', { confirmWithin: 60_000 });
    assert.equal((await lb.apply([drain], made)).lease?.kind, 'confirm');
    assert.ok((await lb.ledger.confirm(made.operation, meta())).ok);
    assert.deepEqual(await lb.ledger.leases(), []);
    assert.match((await lb.ledger.confirm(made.operation, meta())).text, /waits for a confirmation/);
    assert.ok((await lb.ledger.undo(made.operation, meta())).ok);
  });

  it('keeps long contents beside the journal and puts them back', async () => {
    const lb = await runner();
    const map = `${run.dir}/paths.map`;
    const entries = Array.from({ length: 5000 }, (_, i): [string, string] => [`/path-${i}`, `value ${i}`]);
    assert.ok((await lb.apply([{ kind: 'map.replace', map, entries }], meta('fill'))).ok);
    assert.ok((await lb.apply([{ kind: 'map.clear', map }], meta('clear'))).ok);
    assert.equal(await run.cli(`show map ${map}`), '');
    const [entry] = await lb.ledger.history({ last: 1 });
    assert.ok(JSON.stringify(entry).length < 2000);
    assert.ok((await lb.ledger.undo(null, meta('undo'))).ok);
    const lines = (await run.cli(`show map ${map}`)).split('\n').map((line) => line.replace(/^0x[0-9a-f]+ /, ''));
    assert.deepEqual(
      lines,
      entries.map((pair) => pair.join(' ')),
    );
    for (const name of readdirSync(join(state, 'kept')))
      assert.equal(statSync(join(state, 'kept', name)).mode & 0o777, 0o600);
  });

  it('takes no map back that has as many entries as it set, but others', async () => {
    const lb = await runner();
    const map = `${run.dir}/paths.map`;
    const made = meta('replace');
    assert.ok(
      (
        await lb.apply(
          [
            {
              kind: 'map.replace',
              map,
              entries: [
                ['/x', '1'],
                ['/y', '2'],
              ],
            },
          ],
          made,
        )
      ).ok,
    );
    await run.cli(`set map ${map} /y 3`);
    const undone = await lb.ledger.undo(made.operation, meta('undo'));
    assert.equal(undone.ok, false);
    assert.match(undone.text, /map\.replace \S+ is 2 entries, sha256 \w+, not 2 entries, sha256 /);
    await run.cli(`set map ${map} /y 2`);
    assert.ok((await lb.ledger.undo(made.operation, meta('undo'))).ok);
  });

  it('lets one runner at a time change a target', async () => {
    const lb = await runner();
    const free = await lockTarget(join(state, 'locks'), run.sock('admin'));
    const held = lb.apply([weight(90)], meta());
    await assert.rejects(
      lockTarget(join(state, 'locks'), run.sock('admin'), 0),
      /^Error: process \d+ is changing \S+admin\.sock: try again when it has ended$/,
    );
    assert.equal(await weightNow(), '30');
    free();
    assert.ok((await held).ok);
    await lb.apply([weight(30)], meta());
  });

  it('refuses to change anything when it cannot record', async () => {
    const client = await connect(run.sock('admin'));
    const lb = await openHaproxyTarget('lb1', run.sock('admin'), client, join(run.file, 'nowhere'));
    const applied = await lb.apply([weight(1)], meta());
    assert.equal(applied.ok, false);
    assert.match(applied.text, /^nothing can be recorded, so nothing is changed: /);
    assert.equal(await weightNow(), '30');
    await lb.close();
  });
});
