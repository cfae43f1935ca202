/** Every operation on Sluice and on HAProxy: what it would do, that it does it, that it is recorded, and that it is taken back. */
import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { Errors } from 'typebox/value';
import { EventSchema, FIELDS } from '../../scripts/events-schema.ts';
import type { ChangeKind } from '../../src/change/change.ts';
import { runOps } from '../../src/cli/ops/ops.ts';
import { EVENTS } from '../../src/ops/events.ts';
import { openTarget } from '../../src/ops/open-target.ts';
import { findOperation, OPERATIONS } from '../../src/ops/registry.ts';
import { issue } from '../support/certificates.ts';
import { origin } from '../support/origin.ts';
import { type Run, type StartOptions, start } from '../support/program.ts';

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
    maxconn 100
    http-request deny if { src -f {dir}/blocked.acl }
    http-request set-header x-host %[hdr(host),map({dir}/hosts.map)]
    http-request track-sc0 src table clients
    default_backend app
  frontend tls
    bind {addr:tls} ssl crt {dir}/site.pem tls-ticket-keys {dir}/tickets.keys
    default_backend app
  backend clients
    stick-table type ip size 1k expire 10m store gpc0,http_req_cnt
  backend app
    balance roundrobin
    server app1 {addr:app1} weight 100 maxconn 30 check inter 60s agent-check agent-port {port:agent} agent-inter 60s
    server app2 127.0.0.1:10002 weight 50
    server app3 127.0.0.1:10003
  backend blue
    server b1 127.0.0.1:10004
`;

interface Row {
  readonly words: readonly string[];
  /** Words that make the state that it needs, and are not looked at. */
  readonly first?: readonly (readonly string[])[];
  /** Nothing is left of it that could be taken back. */
  readonly once?: true;
  readonly on?: 'sluice' | 'haproxy';
  /** How it ends where that is not `done`. */
  readonly ends?: string;
}

const changing = (...words: string[]): Row => ({ words });
const once = (...words: string[]): Row => ({ words, once: true });

/** Operations that change something; `FILE` is a file of the folder. */
const CHANGING: readonly Row[] = [
  changing('drain', 'app/app2'),
  { ...changing('drain', 'app/app2', '--wait', '--then', 'maint'), ends: 'drained' },
  changing('maint', 'app/app2'),
  { ...changing('ready', 'app/app2'), first: [['maint', 'app/app2']] },
  changing('weight', 'app/app2', '20'),
  changing('weight', 'app/app2', '50%'),
  changing('weight', 'app/app2', 'ramp', '10:30:50ms', '--steps', '2'),
  changing('move-traffic', 'app/app1', 'app/app2', '--steps', '50', '--every', '50ms'),
  changing('add-server', 'app/new', '127.0.0.1:10007', 'weight', '7'),
  { ...once('remove-server', 'app/new'), first: [['add-server', 'app/new', '127.0.0.1:10007']], ends: 'removed' },
  changing('set-addr', 'app/app2', '127.0.0.1:10008'),
  changing('server-maxconn', 'app/app1', '20'),
  changing('health', 'app/app1', 'stopping'),
  changing('agent', 'app/app1', 'down'),
  changing('checks', 'app/app1', 'off'),
  changing('frontend', 'disable', 'web'),
  { ...changing('frontend', 'enable', 'web'), first: [['frontend', 'disable', 'web', '--yes']] },
  changing('frontend', 'maxconn', 'web', '50'),
  once('kill', 'app/app1'),
  once('counters', 'clear'),
  changing('map', 'set', 'hosts.map', 'a.test', 'green'),
  changing('map', 'set', 'hosts.map', 'new.test', 'green'),
  changing('map', 'del', 'hosts.map', 'a.test'),
  changing('map', 'import', 'hosts.map', 'FILE:next.map'),
  changing('acl', 'add', 'blocked.acl', '198.51.100.9'),
  changing('acl', 'del', 'blocked.acl', '192.0.2.1'),
  changing('block', '198.51.100.7', '--in', 'blocked.acl'),
  {
    ...changing('unblock', '198.51.100.7', '--in', 'blocked.acl'),
    first: [['block', '198.51.100.7', '--in', 'blocked.acl']],
  },
  changing('table', 'set', 'clients', '192.0.2.9', 'gpc0=3'),
  { ...once('table', 'clear', 'clients', '192.0.2.9'), first: [['table', 'set', 'clients', '192.0.2.9', 'gpc0=3']] },
  changing('rotate-cert', 'site.test', 'FILE:next.pem'),
  once('rotate-ticket-keys'),
  { ...once('save'), first: [['weight', 'app/app2', '20']] },
  { ...once('apply', 'FILE:next.cfg') },
  { ...once('reload'), on: 'sluice' },
];

/** Operations that read. */
const READING: readonly (readonly string[])[] = [
  ...[['status'], ['show', 'app/app1'], ['counters'], ['errors'], ['why', 'app/app1'], ['sessions'], ['leases']],
  ...[['map', 'show'], ['map', 'diff', 'hosts.map', 'FILE:next.map'], ['acl', 'show'], ['table', 'show'], ['certs']],
  ...[
    ['table', 'top', 'clients', 'gpc0'],
    ['history'],
    ['requests'],
    ['overrides'],
    ['diff'],
    ['plan', 'FILE:next.cfg'],
  ],
];

/** Where the others are tested: what they need is made there. */
const ELSEWHERE: Readonly<Record<string, string>> = {
  'update-ocsp': 'test/ops/targets/ocsp.test.ts',
  'leases keep': 'test/ops/real.ts',
  confirm: 'test/ops/real.ts',
  approve: 'test/cli/sudo.test.ts',
  undo: 'after each operation here',
  'table import': 'test/ops/save-stores.test.ts',
};

interface Ended {
  readonly status: number;
  readonly events: readonly Readonly<Record<string, unknown>>[];
  readonly end: Readonly<Record<string, unknown>>;
}

function suite(title: string, product: 'sluice' | 'haproxy', options: StartOptions): void {
  const skip = options.program && !existsSync(options.program) ? 'haproxy is not installed' : false;
  describe(title, { skip }, () => {
    const ends: (() => unknown)[] = [];
    const scope = { after: (end: () => unknown) => void ends.push(end) };
    let run: Run;
    before(async () => {
      const state = mkdtempSync(join(tmpdir(), 'every-'));
      process.env['STATE_DIRECTORY'] = state;
      ends.push(() => rmSync(state, { recursive: true, force: true }));
      const [site, next] = [issue(['site.test']), issue(['site.test'])];
      const files = {
        ...{ 'hosts.map': 'a.test one\nb.test two\n', 'next.map': 'a.test three\nc.test four\n' },
        ...{ 'blocked.acl': '192.0.2.1\n', 'site.pem': site.cert + site.key, 'next.pem': next.cert + next.key },
        'tickets.keys': `${[1, 2, 3].map((n) => Buffer.alloc(48, n).toString('base64')).join('\n')}\n`,
      };
      const app1 = await origin(scope, 'app1');
      const agent = { port: await reporting(scope, 'up\n') };
      run = await start(scope, CONFIG, { ...options, files, ports: { app1, agent } });
      await run.status('app/app1', 'UP');
    });
    after(async () => {
      for (const end of ends.toReversed()) await end();
    });

    /** Runs it with `--json`; each line is held to the schema. */
    async function operate(words: readonly string[]): Promise<Ended> {
      let out = '';
      const output = (write: (text: string) => void) => ({ write, isTerminal: false, hasColours: false });
      const status = await runOps([...words.map((word) => word.replace(/^FILE:/, `${run.dir}/`)), '--json'], {
        terminal: { out: output((text) => (out += text)), err: output(() => undefined), ask: null },
        openTarget: () => openTarget(run.sock('admin')),
        keepLeases: async () => undefined,
        subCommands: [],
      });
      const events = out
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line) as Record<string, unknown>);
      for (const event of events)
        assert.deepEqual([...Errors(EventSchema, event)], [], `${words.join(' ')}: ${JSON.stringify(event)}`);
      const end = events.at(-1)!;
      assert.equal(end['event'], 'end');
      assert.equal(end['status'], status);
      return { status, events, end };
    }

    /** All that operations can set, as it is now. */
    async function settings(): Promise<unknown> {
      const servers = (await run.serversState()).map((row) =>
        ['srv_name', 'srv_addr', 'srv_port', 'srv_admin_state', 'srv_uweight', 'srv_check_state']
          .map((name) => row[name])
          .join(' '),
      );
      const rows = (await run.stat()).map((row) => `${row['pxname']}/${row['svname']} ${row['slim']} ${row['status']}`);
      const content = async (what: string) =>
        (await run.cli(`show ${what}`))
          .split('\n')
          .map((line) => line.replace(/^0x\S+ /, ''))
          .sort();
      const stores = [`map ${run.dir}/hosts.map`, `acl ${run.dir}/blocked.acl`].map(content);
      const table = (await run.cli('show table clients'))
        .match(/key=\S+.*gpc0=\d+/g)
        ?.map((line) => line.replace(/ exp=\d+/, ''));
      const cert = /SHA1 FingerPrint: .*/.exec(await run.cli(`show ssl cert ${run.dir}/site.pem`))?.[0];
      return [servers, rows, await Promise.all(stores), (table ?? []).filter((line) => !/gpc0=0/.test(line)), cert];
    }

    for (const row of CHANGING.filter(({ on }) => on === undefined || on === product))
      it(row.words.join(' '), async () => {
        const before: unknown[] = [];
        for (const words of row.first ?? []) {
          const { status, end } = await operate(words);
          assert.equal(status, 0, words.join(' '));
          before.unshift(end['operation']);
        }
        if (row.words[0] === 'apply') writeFileSync(join(run.dir, 'next.cfg'), nextConfig(run));
        const was = await settings();
        const words = [...row.words, '--reason', 'every operation', '--yes'];
        const dry = await operate([...words, '--dry-run']);
        assert.deepEqual([dry.status, dry.end['ended']], [0, 'dry-run'], JSON.stringify(dry.end));
        assert.deepEqual(await settings(), was, 'a dry run changes nothing');
        const { status, end, events } = await operate(words);
        assert.deepEqual([status, end['ended']], [0, row.ends ?? 'done'], JSON.stringify(events));
        const made = events.flatMap(({ event, change }) =>
          event === 'change' ? [(change as { kind: ChangeKind }).kind] : [],
        );
        const { makes } = findOperation(row.words)!.operation;
        if (makes.length > 0)
          assert.deepEqual(
            made.filter((kind) => !makes.includes(kind)),
            [],
            'its page says so',
          );
        const { operation } = end;
        if (row.once) return;
        assert.notDeepEqual(await settings(), was, 'it shows');
        const history = await operate(['history', String(operation)]);
        const records = history.events.filter(({ event }) => event === 'record');
        assert.ok(records.length > 0, 'it is recorded');
        assert.match(JSON.stringify(records), /every operation/);
        const undo = await operate(['undo', String(operation), '--yes']);
        assert.equal(undo.status, 0, JSON.stringify(undo.events));
        assert.deepEqual(await settings(), was, 'it is taken back');
        for (const one of before) assert.equal((await operate(['undo', String(one)])).status, 0);
      });

    for (const words of READING)
      it(`${words.join(' ')} reads`, async () => {
        writeFileSync(join(run.dir, 'next.cfg'), nextConfig(run));
        const { status, end } = await operate(words);
        assert.deepEqual([status, end['ok']], [0, true], JSON.stringify(end));
      });

    it('mistakes have their exit statuses', async () => {
      const ended = async (...words: string[]) => {
        const { status, end } = await operate(words);
        return `${status} ${end['ended']}`;
      };
      assert.equal(await ended('drain', 'app/app9'), '2 unknown');
      assert.equal(await ended('maint', 'blue/b1'), '3 guarded');
      assert.equal(await ended('frontend', 'disable', 'web'), '6 unconfirmed');
      assert.equal(await ended('maint', 'blue/b1', '--force'), '2 usage');
      assert.equal(await ended('undo', 'op-00000000'), '2 unknown');
    });
  });
}

/** A port on which whoever connects gets a word. */
async function reporting(scope: { after(end: () => unknown): void }, word: string): Promise<number> {
  const server = createServer((connection) => {
    connection.on('error', () => undefined);
    connection.end(word);
  }).listen(0, '127.0.0.1');
  scope.after(() => server.close());
  await new Promise((done) => server.once('listening', done));
  return (server.address() as { port: number }).port;
}

/** The file in force with another weight. */
function nextConfig(run: Run): string {
  return readFileSync(run.file, 'utf8').replace(/(server app2 \S+) weight \d+/, '$1 weight 33');
}

suite('on Sluice', 'sluice', {});
suite('on HAProxy', 'haproxy', { program: '/usr/sbin/haproxy' });

it('every operation is here, or said to be elsewhere', () => {
  const covered = new Set(Object.keys(ELSEWHERE));
  for (const words of [...CHANGING.map((row) => row.words), ...READING])
    for (const { name } of OPERATIONS) if (`${words.join(' ')} `.startsWith(`${name} `)) covered.add(name);
  assert.deepEqual(
    OPERATIONS.map(({ name }) => name).filter((name) => !covered.has(name)),
    [],
  );
});

it('the schema has the events that there are, with their fields', () => {
  const fields = Object.entries(EVENTS).map(([name, { fields }]) => [name, [...fields].sort()]);
  assert.deepEqual(
    Object.entries(FIELDS).map(([name, one]) => [name, Object.keys(one).sort()]),
    fields,
  );
});
