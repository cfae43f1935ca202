/** One operation on three real HAProxys at once. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, beforeEach, test } from 'node:test';
import { openRunnerJournal } from '../../../src/ops/targets/open-haproxy.ts';
import { origin } from '../../support/origin.ts';
import { type Run, program as sluice, start } from '../../support/program.ts';
import { type Ended, startOperation } from '../support.ts';

const program = '/usr/sbin/haproxy';
const NAMES = ['lb1', 'lb2', 'lb3'] as const;

const CONFIG = `
    global
        stats socket {sock:admin} level admin
    defaults
        mode http
        timeout connect 5s
        timeout client 60s
        timeout server 60s
    frontend fe
        bind {addr:web}
        default_backend be
    backend be
        server app1 {addr:app1} check inter 100ms fall 1 rise 1
        server app2 {addr:app2} check inter 100ms fall 1 rise 1
    backend many
        server-template s 300 127.0.0.1:1
`;

const folder = mkdtempSync(join(tmpdir(), 'sluice-fleet-'));
const ends: (() => unknown)[] = [() => rmSync(folder, { recursive: true, force: true })];
const runs: Run[] = [];
const env = {
  SLUICE_TARGETS: join(folder, 'targets.json'),
  STATE_DIRECTORY: join(folder, 'state'),
  SLUICE_TARGET: 'web',
};
const skip = existsSync(program) ? false : 'HAProxy is not installed';

before(async () => {
  if (skip) return;
  const scope = { after: (end: () => unknown) => void ends.push(end) };
  const app1 = await origin(scope, async () => ({ body: 'app1' }));
  for (const name of NAMES) {
    // Each has a second server of its own, which a test may stop.
    const app2 = await origin(scope, async () => ({ body: name }));
    runs.push(await start(scope, CONFIG, { program, ports: { app1, app2 } }));
  }
  const entries = runs.map((run, i) => [NAMES[i], { address: run.sock('admin'), groups: ['web'] }]);
  writeFileSync(env.SLUICE_TARGETS, JSON.stringify(Object.fromEntries(entries)));
});

beforeEach(async () => {
  for (const run of runs)
    for (const server of ['be/app1', 'be/app2']) {
      await run.cli(`enable health ${server}`);
      await run.cli(`set server ${server} state ready`);
      await run.status(server, 'UP');
    }
});

after(async () => {
  for (const end of ends.toReversed()) await end();
});

/** `sluice LINE` on the group. */
function operate(line: string): Promise<Ended> {
  return startOperation(runs[0]!, line.split(' '), env).ended;
}

async function statuses(): Promise<string[]> {
  return Promise.all(runs.map(async (run) => (await run.row('be/app1'))['status']!));
}

function results({ events }: Ended): string[] {
  return events.filter(({ event }) => event === 'result').map(({ target, ended }) => `${target} ${ended}`);
}

test('a canary, then the others; history and undo find them all by the id', { skip }, async () => {
  const drain = await operate('drain be/app1 --wave 100% --pause 200ms --reason move');
  assert.equal(drain.status, 0, drain.stderr);
  assert.match(
    drain.stdout,
    /^wave 1 of 2: lb1\nlb1 {2}be\/app1 state: ready -> drain\npause of 200ms\ncheck passed: .*\nwave 2 of 2: lb2, lb3\n/,
  );
  assert.match(drain.stdout, /\nlb1 {2}done\nlb2 {2}done\nlb3 {2}done\ndone; sluice undo op-\w+ takes it back\n$/);
  assert.deepEqual(await statuses(), ['DRAIN', 'DRAIN', 'DRAIN']);
  const history = await operate(`history ${drain.operation}`);
  for (const name of NAMES)
    assert.match(history.stdout, new RegExp(`^${name} .* be/app1 state +ready -> drain +move`, 'm'));
  assert.match(
    history.stdout,
    /^\S+ \S+ {2}\S+ {2}drain be\/app1 --wave .* {2}done; lb1: done; lb2: done; lb3: done {2}move\n/,
  );
  const journal = openRunnerJournal(join(env.STATE_DIRECTORY, 'targets'));
  const [attempt, outcome] = await journal.entries({ target: 'fleet', operation: drain.operation });
  await journal.close();
  assert.deepEqual(attempt!.change, { kind: 'fleet.operation', waves: [['lb1'], ['lb2', 'lb3']] });
  assert.equal(outcome!.after, 'lb1: done; lb2: done; lb3: done');
  assert.equal(outcome!.origin.reason, 'move');
  const undo = await operate(`undo ${drain.operation} --json`);
  assert.equal(undo.status, 0, undo.stderr);
  assert.deepEqual(results(undo), ['lb1 undone', 'lb2 undone', 'lb3 undone']);
  assert.deepEqual(await statuses(), ['UP', 'UP', 'UP']);
});

test('a guard that refuses on the second stops all before the first change', { skip }, async () => {
  await runs[1]!.cli('set server be/app2 state maint');
  const drain = await operate('drain be/app1 --json');
  assert.equal(drain.status, 3);
  assert.deepEqual(results(drain), ['lb1 untouched', 'lb2 guarded', 'lb3 untouched']);
  assert.deepEqual(await statuses(), ['UP', 'UP', 'UP']);
});

test('a server that goes down during the pause takes the first wave back', { skip }, async () => {
  const drain = startOperation(runs[0]!, ['drain', 'be/app1', '--pause', '1s'], env);
  await drain.output(/pause of 1s/);
  // Checks would find it well again.
  await runs[0]!.cli('set server be/app2 health down; disable health be/app2');
  const ended = await drain.ended;
  assert.equal(ended.status, 7, ended.stdout);
  assert.match(ended.stderr, /^reverted: lb1: be\/app2 is DOWN.*; what was changed is taken back\n$/);
  assert.match(ended.stdout, /\nlb1 {2}reverted {3}taken back\nlb2 {2}untouched\nlb3 {2}untouched\n$/);
  assert.deepEqual(
    (await statuses()).map((status) => status.slice(0, 2)),
    ['UP', 'UP', 'UP'],
  );
});

test('a failure in the second wave takes the first one back', { skip }, async () => {
  const drain = startOperation(runs[0]!, ['drain', 'be/app1', '--pause', '1s', '--wave', '1', '--json'], env);
  await drain.output(/"event":"pause"/);
  await runs[1]!.cli('set server be/app2 state maint');
  const ended = await drain.ended;
  assert.equal(ended.status, 7, ended.stdout);
  assert.deepEqual(results(ended), ['lb1 reverted', 'lb2 guarded', 'lb3 untouched']);
  assert.deepEqual(await statuses(), ['UP', 'UP', 'UP']);
});

test('Ctrl-C between two waves says where it is done, and undo takes it back there', { skip }, async () => {
  const drain = startOperation(runs[0]!, ['drain', 'be/app1', '--pause', '1m'], env);
  await drain.output(/pause of 1m/);
  drain.signal('SIGINT');
  const ended = await drain.ended;
  assert.equal(ended.status, 130);
  assert.match(
    ended.stderr,
    /^interrupted: interrupted before wave 2 of 3; in force on lb1; not begun on lb2, lb3; sluice undo op-\w+ takes it back\n$/,
  );
  assert.deepEqual(await statuses(), ['DRAIN', 'UP', 'UP']);
  const undo = await operate(`undo ${ended.operation} --json`);
  assert.equal(undo.status, 0, undo.stderr);
  assert.deepEqual(results(undo), ['lb1 undone', 'lb2 unknown', 'lb3 unknown']);
  assert.deepEqual(await statuses(), ['UP', 'UP', 'UP']);
});

test('what cannot be reached refuses a change, and is told of by what reads', { skip }, async () => {
  const nobody = join(folder, 'nobody.sock');
  const drain = await operate(`drain be/app1 --target web --target ${nobody} --json`);
  assert.equal(drain.status, 4);
  assert.deepEqual(await statuses(), ['UP', 'UP', 'UP']);
  const status = await operate(`status be/app1 --target web --target ${nobody}`);
  assert.equal(status.status, 4);
  assert.match(status.stdout, /^lb1 {2}.*\n/);
  assert.match(status.stderr, /no such socket/);
  assert.equal((await operate(`status --target web --target ${nobody} --allow-unreachable --json`)).status, 0);
  const unknown = await operate('status --target web --target lb9');
  assert.equal(unknown.status, 4);
  assert.match(
    unknown.stderr,
    /'lb9' is neither a socket nor a name of the file of targets; that has lb1, lb2, lb3, web/,
  );
});

test('a reader who takes his time gets all that is told', { skip }, () => {
  const { stdout } = spawnSync('sh', ['-c', `'${sluice}' status --json | (sleep 1; cat)`], {
    env: { ...process.env, ...env },
    encoding: 'utf8',
    maxBuffer: 1 << 24,
  });
  const events = stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as { event: string; target?: string; record?: { backend: string } });
  assert.equal(events.at(-1)!.event, 'end');
  for (const name of NAMES)
    assert.equal(events.filter(({ target, record }) => target === name && record?.backend === 'many').length, 300);
});

test('what is done for a time is taken back on all of them', { skip }, async () => {
  const drain = await operate('drain be/app1 --canary 0 --wave 100% --for 1s --json');
  assert.equal(drain.status, 0, drain.stderr);
  assert.equal(drain.events.filter(({ event }) => event === 'lease').length, 3);
  for (const run of runs) await run.status('be/app1', 'UP');
});
