import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { newOperationId } from '../../../src/change/operation-id.ts';
import { connect } from '../../../src/client/index.ts';
import { runAgent } from '../../../src/ops/agent/agent.ts';
import type { AgentEvent } from '../../../src/ops/agent/events.ts';
import { openHaproxyTarget } from '../../../src/ops/targets/open-haproxy.ts';
import { issue } from '../../support/certificates.ts';
import { ocspResponse, issue as pki } from '../../support/pki.ts';
import { type Run, start } from '../../support/program.ts';
import { until } from '../../support/wait.ts';
import { HAPROXY } from '../targets/support.ts';

const CONFIG = `
  global
    stats socket {sock:admin} level admin
    stats timeout 1m
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
`;

/** With maps, an ACL and certificates. */
const STORES = CONFIG.replace(
  '    default_backend app',
  `    http-request set-header x-host %[hdr(host),map({dir}/hosts.map)]
    http-request set-header x-two %[path,map({dir}/two.map)]
    http-request deny if { src -f {dir}/bad.acl }
    default_backend app
  frontend tls
    bind {addr:tls} ssl crt-list {dir}/crt.list
    default_backend app`,
);

interface World {
  readonly run: Run;
  readonly state: string;
  readonly events: AgentEvent[];
  /** Makes Changes as the runner does. */
  operate(
    title: string,
    changes: Parameters<Awaited<ReturnType<typeof openHaproxyTarget>>['apply']>[0],
    time?: number,
  ): Promise<void>;
  /** Waits for an event whose fields are these. */
  told(fields: Partial<Record<string, unknown>>): Promise<AgentEvent>;
  reload(): Promise<void>;
  /** Waits until a server has this weight. */
  weighs(server: string, weight: string): Promise<void>;
}

/** A HAProxy in master-worker mode with an agent that looks every 100 ms. */
async function world(t: TestContext, config = CONFIG, files: Record<string, string> = {}): Promise<World> {
  const state = mkdtempSync(join(tmpdir(), 'agent-'));
  const { cert, key } = issue(['site.test']);
  const run = await start(t, config, {
    program: HAPROXY,
    files: {
      ...{ 'hosts.map': 'a.test s1\nb.test s1\nz.test s1\n', 'bad.acl': '192.0.2.1\n', 'two.map': 'x 1\ny 1\n' },
      ...{ 'site.pem': cert + key, 'crt.list': '{dir}/site.pem\n' },
      ...files,
    },
    argv: ['-W', '-db', '-f', '{config}', '-S', '{sock:master}'],
  });
  const events: AgentEvent[] = [];
  const stop = new AbortController();
  const address = run.sock('admin');
  const ended = runAgent({
    target: address,
    stateDir: state,
    every: 100,
    emit: (e) => void events.push(e),
    signal: stop.signal,
  });
  t.after(async () => {
    stop.abort();
    await ended;
    rmSync(state, { recursive: true, force: true });
  });
  const told = (fields: Partial<Record<string, unknown>>) =>
    until(
      () => `an event ${JSON.stringify(fields)} in ${JSON.stringify(events)}`,
      async () =>
        events.find((event) => Object.entries(fields).every(([key, value]) => (event as never)[key] === value)),
    ) as Promise<AgentEvent>;
  await told({ event: 'watch' });
  return {
    run,
    state,
    events,
    told,
    async operate(title, changes, time) {
      const target = await openHaproxyTarget(address, address, await connect(address), state);
      const meta = { operation: newOperationId(), title, ...(time === undefined ? {} : { for: time }) };
      const applied = await target.apply(changes, meta);
      await target.close();
      assert.equal(applied.ok, true, JSON.stringify(applied));
    },
    async reload() {
      const restarts = events.filter(({ event }) => event === 'restart').length;
      const master = await connect(`master:${run.sock('master')}`);
      await master.reload();
      master.close();
      await until(
        () => `a restart in ${JSON.stringify(events)}`,
        async () => events.filter(({ event }) => event === 'restart').length > restarts,
      );
    },
    weighs: async (server, weight) => {
      await until(
        () => `weight ${weight} of ${server}`,
        async () => (await run.row(server))['weight'] === weight,
      );
    },
  };
}

const weight = (server: string, value: number) =>
  ({ kind: 'server.weight', backend: 'app', server, weight: value, percent: false }) as const;

const skip = existsSync(HAPROXY) ? false : 'haproxy is not installed';

describe('an agent of a HAProxy', { skip, concurrency: 3 }, () => {
  test('puts what was set in force again after a reload', async (t) => {
    const { operate, reload, told, weighs, run } = await world(t);
    await operate('weight app/app1 20', [weight('app1', 20)]);
    await operate('drain app/app2', [{ kind: 'server.state', backend: 'app', server: 'app2', to: 'drain' }]);
    await reload();
    await told({ event: 'again', object: 'app/app1', attribute: 'weight', ok: true });
    await told({ event: 'again', object: 'app/app2', attribute: 'state', ok: true });
    await weighs('app/app1', '20');
    assert.match((await run.row('app/app2'))['status']!, /DRAIN/);
  });

  test('puts maps, ACLs and certificates in force again after a reload, but where their files say something else', async (t) => {
    const { operate, reload, told, run, state } = await world(t, STORES);
    const [hosts, two, bad] = ['hosts.map', 'two.map', 'bad.acl'].map((name) => `${run.dir}/${name}`);
    const fresh = issue(['fresh.test']);
    const path = `${run.dir}/fresh.pem`;
    await operate('set', [
      { kind: 'map.set', map: hosts!, key: 'a.test', value: 's2' },
      { kind: 'map.add', map: hosts!, key: 'c.test', value: 's2' },
      { kind: 'map.del', map: hosts!, key: 'b.test' },
      { kind: 'map.set', map: hosts!, key: 'z.test', value: 's2' },
      { kind: 'acl.add', acl: bad!, pattern: '198.51.100.7' },
      { kind: 'acl.del', acl: bad!, pattern: '192.0.2.1' },
      { kind: 'map.replace', map: two!, entries: [['x', '2']] },
    ]);
    await operate('set again', [
      { kind: 'map.set', map: hosts!, key: 'c.test', value: 's3' },
      { kind: 'map.add', map: two!, key: 'w', value: '3' },
    ]);
    await operate('certificates', [
      { kind: 'cert.new', path, pem: fresh.cert + fresh.key },
      { kind: 'crt-list.add', list: `${run.dir}/crt.list`, certificate: path, options: '', filters: ['fresh.test'] },
    ]);
    writeFileSync(hosts!, 'a.test s1\nb.test s1\nz.test other\n');
    await reload();
    await told({ event: 'again', object: `${run.dir}/crt.list`, ok: true });
    await told({ event: 'conflict', object: hosts!, attribute: 'key z.test' });
    await told({ event: 'again', object: two!, attribute: 'key w', ok: true });
    const content = async (what: string) =>
      (await run.cli(`show ${what}`))
        .split('\n')
        .flatMap((line) => (line === '' ? [] : [line.split(' ').slice(1).join(' ')]))
        .sort();
    assert.deepEqual(await content(`map ${hosts}`), ['a.test s2', 'c.test s3', 'z.test other']);
    assert.deepEqual(await content(`map ${two}`), ['w 3', 'x 2']);
    assert.deepEqual(await content(`acl ${bad}`), ['198.51.100.7']);
    assert.match(await run.cli(`show ssl cert ${path}`), /Subject: .*CN=fresh.test/);
    assert.match(await run.cli(`show ssl crt-list ${run.dir}/crt.list`), /fresh\.pem fresh\.test/);
    // Once more, from what the agent has put in force; the key of the certificate is not in the journal.
    await reload();
    await until(
      () => 'all of it again',
      async () =>
        (await content(`map ${two}`)).join() === 'w 3,x 2' && /CN=fresh/.test(await run.cli(`show ssl cert ${path}`)),
    );
    // What somebody else sets on a socket is the newer word.
    await new Promise((resolve) => setTimeout(resolve, 1500));
    await run.cli(`set map ${two} w other`);
    await told({ event: 'drift', object: two, attribute: 'key w', before: '3', after: 'other' });
    await told({ event: 'conflict', object: two, attribute: 'key w' });
    assert.equal(readFileSync(join(state, 'journal.db'), 'latin1').includes('PRIVATE KEY'), false);
    assert.equal(readFileSync(join(state, 'journal.db-wal'), 'latin1').includes('PRIVATE KEY'), false);
  });

  test('lets the file win where it changed meanwhile, and says so', async (t) => {
    const { operate, reload, told, weighs, run, events } = await world(t);
    await operate('weight app/app1 20', [weight('app1', 20)]);
    run.rewrite(CONFIG.replace('10001 weight 100', '10001 weight 70'));
    await reload();
    const conflict = (await told({ event: 'conflict', object: 'app/app1' })) as AgentEvent & { event: 'conflict' };
    assert.match(conflict.text, /the file says 70.* now, not 100/);
    await weighs('app/app1', '70');
    await reload();
    await weighs('app/app1', '70');
    assert.equal(events.filter(({ event }) => event === 'again').length, 0);
  });

  test('records what somebody else changes, and lets it win', async (t) => {
    const { operate, reload, told, weighs, run, state } = await world(t);
    await operate('weight app/app1 20', [weight('app1', 20)]);
    await run.cli('set server app/app1 weight 33');
    await told({ event: 'drift', object: 'app/app1', attribute: 'weight', before: '20', after: '33' });
    await told({ event: 'conflict', object: 'app/app1' });
    const address = run.sock('admin');
    const target = await openHaproxyTarget(address, address, await connect(address), state);
    const entries = (await target.ledger.history({ phase: 'outcome' })).filter(
      ({ origin }) => origin.surface === 'drift',
    );
    assert.deepEqual(
      entries.map(({ change, before, after, ok }) => ({ change, before, after, ok })),
      [{ change: weight('app1', 33), before: '20', after: '33', ok: true }],
    );
    const undone = await target.ledger.undo(entries[0]!.origin.operation!, {
      operation: newOperationId(),
      title: 'undo',
    });
    assert.equal(undone.ok, true, JSON.stringify(undone));
    await target.close();
    await weighs('app/app1', '20');
    await reload();
    await weighs('app/app1', '20');
  });

  test('does not call drift what the runner does', async (t) => {
    const { operate, events, told } = await world(t);
    await operate('weight app/app1 20', [weight('app1', 20)]);
    await operate('maint app/app2', [{ kind: 'server.state', backend: 'app', server: 'app2', to: 'maint' }]);
    await operate('weight app/app1 30', [weight('app1', 30)], 300);
    await told({ event: 'lease' });
    await new Promise((resolve) => setTimeout(resolve, 400));
    assert.deepEqual(
      events.filter(({ event }) => event === 'drift'),
      [],
    );
  });

  test('takes an operation back when its time is over, also one that began before a reload', async (t) => {
    const { operate, reload, told, weighs } = await world(t);
    await operate('weight app/app1 20 --for 4s', [weight('app1', 20)], 4000);
    await reload();
    await weighs('app/app1', '20');
    const ended = (await told({ event: 'lease', ok: true })) as AgentEvent & { event: 'lease' };
    assert.equal(ended.title, 'weight app/app1 20 --for 4s');
    await weighs('app/app1', '100');
    await reload();
    await weighs('app/app1', '100');
  });

  test('sets entries of a stick table again, unless they are gone, or known there already', async (t) => {
    const tables = CONFIG.replace(
      '    default_backend app',
      '    stick-table type ip size 100 expire 10m store gpc0,gpc1\n    default_backend app',
    );
    const { operate, reload, told, events, run } = await world(t, tables);
    const set = (key: string, data: Record<string, string>) =>
      operate(`table set web ${key}`, [{ kind: 'table.set', table: 'web', key, data }]);
    const entry = async (key: string) => (await run.cli(`show table web key ${key}`)).match(/gpc.*/)?.[0] ?? 'none';
    await set('192.0.2.1', { gpc0: '1' });
    await set('192.0.2.1', { gpc1: '7' });
    await set('192.0.2.2', { gpc0: '2' });
    await set('192.0.2.3', { gpc0: '3' });
    await operate('table clear web 192.0.2.3', [{ kind: 'table.clear', table: 'web', key: '192.0.2.3' }]);
    await new Promise((resolve) => setTimeout(resolve, 1200));
    await run.cli('clear table web key 192.0.2.2');
    const gone = (await told({ event: 'conflict', object: 'web', attribute: 'key 192.0.2.2 gpc0' })) as {
      text: string;
    };
    assert.match(gone.text, /the entry is gone/);
    await reload();
    await told({ event: 'again', object: 'web', attribute: 'key 192.0.2.1 gpc0', ok: true });
    await told({ event: 'again', object: 'web', attribute: 'key 192.0.2.1 gpc1', ok: true });
    assert.equal(await entry('192.0.2.1'), 'gpc0=1 gpc1=7');
    assert.deepEqual([await entry('192.0.2.2'), await entry('192.0.2.3')], ['none', 'none']);
    assert.equal(events.filter(({ event }) => event === 'drift').length, 0, 'what traffic does is no drift');
  });

  test('gives an OCSP response again; a later one in the file wins', async (t) => {
    const ca = pki({ name: 'Test CA', ca: true });
    const site = pki({ name: 'site.test', dns: ['site.test'], issuer: ca });
    const files = { 'site.pem': site.pem + ca.certificate, 'site.pem.ocsp': '' };
    const { operate, reload, told, run } = await world(t, STORES, files);
    const path = join(run.dir, 'site.pem');
    const dated = (ms: number) => ocspResponse(ca, site, { thisUpdate: Date.now() + ms });
    const response = dated(-100_000).toString('base64');
    await operate('update-ocsp', [{ kind: 'ocsp.set', response }]);
    await reload();
    const again = (await told({ event: 'again', object: path, attribute: 'OCSP response', ok: true })) as {
      value: string;
    };
    assert.match(again.value, /^this update \d{4}-/);
    const ids = await run.cli('show ssl ocsp-response');
    const id = /ID key : (\w+)/.exec(ids)![1];
    assert.match(await run.cli(`show ssl ocsp-response ${id}`), /Cert Status: good/);
    writeFileSync(`${path}.ocsp`, dated(-1000));
    await reload();
    const conflict = (await told({ event: 'conflict', object: path })) as { text: string };
    assert.match(conflict.text, /the file says this update \S+ now, not no response as when it was overridden/);
  });

  test('is alone: a second one is refused', async (t) => {
    const { run, state } = await world(t);
    const second = runAgent({
      target: run.sock('admin'),
      stateDir: state,
      every: 100,
      emit() {},
      signal: AbortSignal.timeout(5000),
    });
    await assert.rejects(second, /another agent looks after/);
  });

  test('says once that the load balancer is gone, and goes on when it is back', async (t) => {
    const { run, events, told } = await world(t);
    await run.cli('show info');
    run.signal('SIGSTOP');
    t.after(() => run.signal('SIGCONT'));
    await new Promise((resolve) => setTimeout(resolve, 300));
    run.signal('SIGCONT');
    await told({ event: 'watch' });
    assert.equal(events.filter(({ event }) => event === 'silent').length <= 1, true);
  });
});
