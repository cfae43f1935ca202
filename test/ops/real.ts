/** What operations must do on any load balancer: the same tests for Sluice and for HAProxy. */
import assert from 'node:assert/strict';
import { after, before, type TestContext, test } from 'node:test';
import { connect, get } from '../support/connection.ts';
import { origin } from '../support/origin.ts';
import { type Run, type StartOptions, start } from '../support/program.ts';
import { type Scope, until } from '../support/wait.ts';
import { operate, startOperation } from './support.ts';

const CONFIG = `
    global
        stats socket {sock:admin} level admin
        stats socket {sock:low} level user
        {global}
    defaults
        mode http
        timeout connect 5s
        timeout client 60s
        timeout server 60s
    frontend fe
        bind {addr:web}
        default_backend be
    backend be
        balance roundrobin
        option redispatch
        server app1 {addr:app1} check inter 200ms weight 100
        server app2 {addr:app2} check inter 200ms weight 100
    backend single
        server only {addr:app1}
`;

interface Balancer {
  readonly run: Run;
  /** Answers the requests of /slow that wait. */
  release(): void;
}

/** Starts the load balancer with two origins, for all tests of a file. */
async function balancer(scope: Scope, options: StartOptions, global: string): Promise<Balancer> {
  let waiting: (() => void)[] = [];
  const release = () => {
    for (const answer of waiting) answer();
    waiting = [];
  };
  const script = (name: string) => async (request: { target: string }) => {
    if (request.target === '/slow') await new Promise<void>((resolve) => waiting.push(resolve));
    return { status: name === 'app2' && request.target === '/bad' ? 500 : 200, body: name };
  };
  const app1 = await origin(scope, script('app1'));
  const app2 = await origin(scope, script('app2'));
  const run = await start(scope, CONFIG.replace('{global}', global), { ...options, ports: { app1, app2 } });
  await run.status('be/app1', 'UP');
  await run.status('be/app2', 'UP');
  return { run, release };
}

/** As it was at the start. */
async function restore({ run, release }: Balancer): Promise<void> {
  release();
  for (const server of ['be/app1', 'be/app2', 'single/only']) {
    await run.cli(`set server ${server} state ready`);
    await run.cli(`set server ${server} weight 100%`);
  }
  await run.cli('clear counters all');
  for (const server of ['be/app1', 'be/app2'])
    await until(
      () => `no session on ${server}`,
      async () => {
        const row = await run.row(server);
        return row['scur'] === '0' && row['status'] === 'UP';
      },
    );
}

/** Opens requests of /slow until one is on app1. Resolves to their responses. */
async function slowOnApp1(t: TestContext, run: Run): Promise<Promise<string>[]> {
  const waiting: Promise<string>[] = [];
  for (let i = 0; i < 2; i++) {
    // The test may end it.
    const connection = await connect(t, run.port('web'));
    waiting.push(
      connection.exchange('GET /slow HTTP/1.1\nHost: a\n\n').then(
        ({ text }) => text,
        () => 'ended',
      ),
    );
  }
  await until(
    () => 'a session on app1',
    async () => (await run.row('be/app1'))['scur'] === '1',
  );
  return waiting;
}

async function serversOf(run: Run, requests: number): Promise<Record<string, number>> {
  const seen: Record<string, number> = {};
  for (let i = 0; i < requests; i++) {
    const { text } = await get(run.port('web'));
    seen[text] = (seen[text] ?? 0) + 1;
  }
  return seen;
}

/** `global`: lines for the section of that name. */
export function operationsWork(title: string, options: StartOptions = {}, global = ''): void {
  let shared: Balancer;
  const ends: (() => unknown)[] = [];
  before(async () => {
    shared = await balancer({ after: (end) => void ends.push(end) }, options, global);
  });
  after(async () => {
    for (const end of ends.toReversed()) await end();
  });
  const it = (name: string, body: (t: TestContext, run: Run, release: () => void) => Promise<void>) =>
    test(`${title}: ${name}`, async (t) => {
      const { run, release } = shared;
      await body(t, run, release);
      await restore(shared);
    });

  it('drain --wait ends when the last session has, loses no request, and undo brings the server back', async (t, run, release) => {
    const waiting = await slowOnApp1(t, run);
    const drain = startOperation(run, ['drain', 'be/app1', '--wait', '--then', 'maint', '--reason', 'new disk']);
    await drain.output(/1 session left on be\/app1/);
    assert.deepEqual(await serversOf(run, 4), { app2: 4 });
    release();
    assert.deepEqual((await Promise.all(waiting)).sort(), ['app1', 'app2']);
    const ended = await drain.ended;
    assert.equal(ended.status, 0, ended.stderr);
    assert.match(ended.stdout, /^be\/app1 state: drain -> maint\ndrained; sluice undo op-\w+ takes it back\n$/m);
    assert.match((await run.row('be/app1'))['status']!, /^MAINT/);
    const history = await operate(run, 'history', 'be/app1');
    assert.match(history.stdout, /be\/app1 state +ready -> drain +new disk +op-\w+\n.*drain -> maint +new disk/);
    const undo = await operate(run, 'undo', ended.operation);
    assert.equal(undo.status, 0, undo.stderr);
    assert.match(undo.stdout, /^undone: op-/m);
    await run.status('be/app1', 'UP');
    assert.deepEqual(await serversOf(run, 4), { app1: 2, app2: 2 });
  });

  it('a drain that is not done in time says how many sessions are left, and Ctrl-C says what is in force', async (t, run) => {
    await slowOnApp1(t, run);
    const late = await operate(run, 'drain', 'be/app1', '--wait', '--timeout', '300ms', '--json');
    assert.equal(late.status, 5);
    assert.match(
      String(late.events.at(-1)!['text']),
      /^timeout after 300ms: 1 session left on be\/app1; in force: be\/app1 drain/,
    );
    const waiting = startOperation(run, ['drain', 'be/app1', '--wait']);
    await waiting.output(/1 session left/);
    waiting.signal('SIGINT');
    const ended = await waiting.ended;
    assert.equal(ended.status, 130);
    assert.match(ended.stderr, /^interrupted with 1 session left on be\/app1/);
    const third = startOperation(run, ['drain', 'be/app1', '--wait']);
    await third.output(/1 session left/);
    await run.cli('set server be/app1 state ready');
    assert.equal((await third.ended).status, 5);
    assert.match((await third.ended).stderr, /^overtaken: somebody else made be\/app1 ready; it has 1 session/);
  });

  it('guards refuse to take the last server, and --force does it with a reason in the journal', async (_, run) => {
    const refused = await operate(run, 'maint', 'single/only');
    assert.equal(refused.status, 3);
    assert.match(
      refused.stderr,
      /^guarded: backend 'single' would have no usable server left; single\/only is the last one/,
    );
    assert.equal((await run.row('single/only'))['status'], 'no check');
    const forced = await operate(run, 'maint', 'single/only', '--force', '--reason', 'moved away');
    assert.equal(forced.status, 0, forced.stderr);
    assert.match((await operate(run, 'history')).stdout, /moved away \(overruled: last-server\)/);
  });

  it('a ramp raises the weight step by step', async (_, run) => {
    const ramp = await operate(run, 'weight', 'be/app1', 'ramp', '0:40:200ms', '--steps', '2');
    assert.equal(ramp.status, 0, ramp.stderr);
    const steps = [...ramp.stdout.matchAll(/^be\/app1 weight: (\d+) -> (\d+)/gm)].map(
      ([, from, to]) => `${from} ${to}`,
    );
    assert.deepEqual(steps, ['100 0', '0 20', '20 40']);
    assert.equal((await run.row('be/app1'))['weight'], '40');
    const undo = await operate(run, 'undo', ramp.operation);
    assert.equal(undo.status, 0, undo.stderr);
    assert.equal((await run.row('be/app1'))['weight'], '100');
  });

  it('traffic moves to a group that goes well, and comes back from one that does not', async (t, run) => {
    await operate(run, 'weight', 'be/app2', '0');
    const moved = await operate(run, 'move-traffic', 'be/app1', 'be/app2', '--steps', '50,100', '--every', '100ms');
    assert.equal(moved.status, 0, moved.stderr);
    assert.deepEqual(await serversOf(run, 4), { app2: 4 });
    await operate(run, 'undo', moved.operation);
    const again = startOperation(run, ['move-traffic', 'be/app1', 'be/app2', '--steps', '50', '--every', '1s']);
    await again.output(/pause of 1s/);
    let requests = 0;
    const asking = setInterval(() => {
      requests++;
      get(run.port('web'), '/bad').catch(() => undefined);
    }, 20);
    t.after(() => clearInterval(asking));
    const back = await again.ended;
    assert.equal(back.status, 7, `${back.stdout}${back.stderr}${requests}`);
    assert.match(
      back.stderr,
      /^reverted: be\/app2: \d+ of \d+ sessions failed \(100%\); the others: 0%; what was changed is taken back\n$/,
    );
    assert.equal((await run.row('be/app2'))['weight'], '0');
    assert.equal((await run.row('be/app1'))['weight'], '100');
  });

  it('a dry run changes nothing', async (_, run) => {
    const dry = await operate(run, 'drain', 'be/app1', '--wait', '--dry-run');
    assert.equal(dry.status, 0, dry.stderr);
    assert.match(dry.stdout, /^1\. change\n {5}be\/app1 state {2}ready -> drain {2}live {2}0 sessions\n/);
    assert.match(dry.stdout, /dry-run: nothing was changed\n$/);
    assert.equal((await run.row('be/app1'))['status'], 'UP');
  });

  it('status, counters, sessions, errors, why, overrides and leases tell what is there', async (t, run) => {
    await slowOnApp1(t, run);
    await operate(run, 'weight', 'be/app2', '50');
    const status = await operate(run, 'status');
    assert.match(status.stdout, /^ +app1 +ready +UP +weight 100 +1 sessions/m);
    assert.match(status.stdout, /^ +app2 +ready +UP +weight 50 \(file 100\)/m);
    assert.match((await operate(run, 'counters', 'be/app1')).stdout, /^be\/app1 +1 /m);
    const sessions = await operate(run, 'sessions', 'be/app1');
    assert.match(sessions.stdout, /^1 session of \d+\n {2}0x[0-9a-f]+ .* fe {2}be\/app1 /);
    assert.match((await operate(run, 'errors')).stdout, /^0 captured since the start, 0 kept\n$/);
    assert.match(
      (await operate(run, 'why', 'be/app2')).stdout,
      /^be\/app2 takes traffic: UP .*\n[\s\S]*change .* 100 -> 50/,
    );
    assert.match((await operate(run, 'overrides')).stdout, /^be\/app2 weight +50 \(file 100\)/m);
    assert.equal((await operate(run, 'leases')).stdout, 'none\n');
  });

  it('a session is ended, a server comes and goes', async (t, run) => {
    await slowOnApp1(t, run);
    const id = /0x[0-9a-f]+/.exec((await operate(run, 'sessions', 'be/app1')).stdout)![0];
    const kill = await operate(run, 'kill', id, '--yes');
    assert.equal(kill.status, 0, kill.stderr);
    await until(
      () => 'no session on app1',
      async () => (await run.row('be/app1'))['scur'] === '0',
    );
    const added = await operate(run, 'add-server', 'be/app3', `127.0.0.1:${run.port('app1')}`, 'check', '--ready');
    assert.equal(added.status, 0, added.stderr);
    await run.status('be/app3', 'UP');
    const removed = await operate(run, 'remove-server', 'be/app3', '--yes');
    assert.equal(removed.status, 0, removed.stderr);
    assert.equal(
      (await run.stat()).some((row) => row['svname'] === 'app3'),
      false,
    );
  });

  it('what is leased is taken back at its time as one, unless it is confirmed', async (_, run) => {
    const back = () =>
      until(
        () => 'the server to be ready again',
        async () => (await run.row('be/app1'))['status'] === 'UP',
      );
    const short = await operate(run, 'drain', 'be/app1', '--then', 'maint', '--for', '700ms');
    assert.equal(short.status, 0, short.stderr);
    assert.match(short.stdout, /^taken back by itself at /m);
    assert.match((await run.row('be/app1'))['status']!, /^MAINT/);
    await back();
    const tried = await operate(run, 'maint', 'be/app1', '--confirm-within', '500ms');
    assert.equal(tried.status, 0, tried.stderr);
    await back();
    const kept = await operate(run, 'maint', 'be/app1', '--confirm-within', '60s');
    assert.match(
      (await operate(run, 'leases')).stdout,
      /^op-\w+ +maint be\/app1 --confirm-within 60s +in (1m|\d+s) unless confirmed/,
    );
    const confirmed = await operate(run, 'confirm');
    assert.match(confirmed.stdout, new RegExp(`^confirmed: ${kept.operation}`, 'm'));
    assert.equal((await operate(run, 'leases')).stdout, 'none\n');
    assert.match((await run.row('be/app1'))['status']!, /^MAINT/);
  });

  it('what the socket may not do, and what is not there, is said', async (_, run) => {
    const low = await startOperation(run, ['drain', 'be/app1', '--target', run.sock('low')]).ended;
    assert.equal(low.status, 1);
    assert.match(low.stderr, /^refused: .*(level|permission)/i);
    assert.equal((await run.row('be/app1'))['status'], 'UP');
    const gone = await startOperation(run, ['status', '--target', `${run.sock('low')}x`]).ended;
    assert.equal(gone.status, 4);
    assert.match(gone.stderr, /^unreachable: no such socket: /);
    const unknown = await operate(run, 'weight', 'be/app9', '1');
    assert.equal(
      unknown.stderr,
      "unknown: backend 'be' has no server 'app9'; it has app1, app2; did you mean 'app1'?\n",
    );
    assert.equal(unknown.status, 2);
  });
}
