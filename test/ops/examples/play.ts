/** The example of each operation, played on a load balancer: what its page shows. */
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { runOps } from '../../../src/cli/ops/ops.ts';
import { openTarget } from '../../../src/ops/open-target.ts';
import type { Operation } from '../../../src/ops/operation.ts';
import { OPERATIONS } from '../../../src/ops/registry.ts';
import { issue } from '../../support/certificates.ts';
import { connect } from '../../support/connection.ts';
import { origin } from '../../support/origin.ts';
import { type Run, start } from '../../support/program.ts';

export type Product = 'sluice' | 'haproxy';

/** A command and what it told, in the words of the page: names and addresses of an installation in place of those of the test. */
export interface Told {
  readonly command: string;
  readonly output: string;
}

/** Operation -> what was told; nothing for those in `UNTOLD`. */
export type Played = Readonly<Record<string, readonly Told[]>>;

const CONFIG = `
  global
    stats socket {sock:admin} level admin
    stats timeout 1m
  defaults
    mode http
    timeout connect 1s
    timeout client 5s
    timeout server 5s
  frontend fe_web
    bind {addr:web}
    maxconn 2000
    http-request deny if { src -f {dir}/blocked.acl }
    http-request track-sc0 src table st_src
    use_backend %[hdr(host),map({dir}/hosts.map,be_app)]
  frontend fe_tls
    bind {addr:tls} ssl crt {dir}/www.example.net.pem tls-ticket-keys {dir}/tickets.keys
    default_backend be_app
  backend st_src
    stick-table type ip size 1k expire 10m store gpc0,http_req_rate(10s)
  backend be_app
    balance roundrobin
    server app1 {addr:app1} weight 100 maxconn 200 check inter 60s agent-check agent-port {port:agent} agent-inter 60s
    server app2 10.0.0.12:8080 weight 100
    server blue1 10.0.0.21:8080 weight 50
    server blue2 10.0.0.22:8080 weight 50
    server green1 10.0.0.31:8080 weight 0
    server green2 10.0.0.32:8080 weight 0
  backend be_green
    server green1 10.0.0.31:8080
`;

/** How an example is played where that is not: its first one, dry and then really, on both. */
interface Script {
  /** Operations before it, taken back after it. */
  readonly first?: readonly string[];
  /** Shown only dry: it takes long, or needs machines that are not there. */
  readonly dry?: true;
  /** Which of the examples; default 0. */
  readonly example?: number;
  readonly on?: Product;
}

const WEIGHT = { first: ['weight be_app/app1 20 --reason canary'] } as const;
const ENTRY = { first: ['table set st_src 192.0.2.7 gpc0=1'] } as const;

const SCRIPTS: Readonly<Record<string, Script>> = {
  show: WEIGHT,
  ready: { first: ['maint be_app/app1'] },
  'move-traffic': { dry: true },
  'add-server': { dry: true },
  'remove-server': { first: ['add-server be_app/app4 10.0.0.14:8080'] },
  agent: { first: ['agent be_app/app1 down'] },
  'frontend enable': { first: ['frontend disable fe_web --yes'] },
  kill: { example: 1 },
  'acl del': { first: ['acl add blocked.acl 192.0.2.7'] },
  unblock: { first: ['block 192.0.2.7 --in blocked.acl'] },
  'table show': ENTRY,
  'table top': ENTRY,
  'table clear': ENTRY,
  diff: WEIGHT,
  save: { ...WEIGHT, dry: true },
  reload: { on: 'sluice' },
  history: WEIGHT,
  undo: WEIGHT,
  overrides: WEIGHT,
  leases: { first: ['drain be_app/app1 --for 30m'] },
  confirm: { first: ['drain be_app/app1 --confirm-within 5m'] },
};

/** They need more than a load balancer: a second person, an authority. Where they are tested. */
export const UNTOLD: Readonly<Record<string, string>> = {
  approve: 'test/cli/sudo.test.ts',
  'update-ocsp': 'test/ops/targets/ocsp.test.ts',
};

/** Id of an operation on the pages. */
const OPERATION = 'op-mg1x2k9f0a1b2c3d4e';

/** Plays all examples on one load balancer, which is started for it. */
export async function play(scope: { after(end: () => unknown): void }, product: Product): Promise<Played> {
  const state = mkdtempSync(join(tmpdir(), 'examples-'));
  scope.after(() => rmSync(state, { recursive: true, force: true }));
  process.env['STATE_DIRECTORY'] = state;
  const run = await installation(scope, product);
  process.chdir(join(run.dir, 'work'));
  scope.after(() => process.chdir('/'));
  const told: Record<string, Told[]> = {};
  for (const operation of OPERATIONS) {
    const { on = product } = SCRIPTS[operation.name] ?? {};
    if (on !== product || operation.name in UNTOLD) continue;
    told[operation.name] = await playOne(operation, run);
  }
  return told;
}

async function installation(scope: { after(end: () => unknown): void }, product: Product): Promise<Run> {
  const [site, next] = [issue(['www.example.net']), issue(['www.example.net'])];
  const files = {
    'hosts.map': 'www.example.net be_app\nold.example.net be_app\n',
    'blocked.acl': '198.51.100.9\n',
    'www.example.net.pem': site.cert + site.key,
    'tickets.keys': `${[1, 2, 3].map((n) => Buffer.alloc(48, n).toString('base64')).join('\n')}\n`,
  };
  const app1 = await origin(scope, 'app1');
  const agent = { port: await saying(scope, 'up\n') };
  const program = product === 'haproxy' ? { program: '/usr/sbin/haproxy' } : {};
  const run = await start(scope, CONFIG, { ...program, files, ports: { app1, agent } });
  await run.status('be_app/app1', 'UP');
  // Where who works on it has the files that examples read.
  const work = join(run.dir, 'work');
  mkdirSync(work);
  const now = readFileSync(run.file, 'utf8');
  writeFileSync(join(work, 'haproxy.cfg.new'), now.replace('10.0.0.12:8080 weight 100', '10.0.0.12:8080 weight 33'));
  writeFileSync(join(work, 'hosts.map'), 'www.example.net be_green\nnew.example.net be_app\n');
  const entry = { table: 'st_src', key: '192.0.2.7', data: { gpc0: '1' } };
  writeFileSync(join(work, 'tables.ndjson'), `{"sluice":"stick tables"}\n${JSON.stringify(entry)}\n`);
  writeFileSync(join(work, 'www.example.net.pem'), next.cert + next.key);
  const client = await connect(scope, run.port('web'));
  await client.send('GET / HTTP/1.1\r\nHost: www.example.net\r\nBad Header: 1\r\n\r\n');
  await client.response();
  client.socket.destroy();
  return run;
}

/** A port on which whoever connects gets a word. */
async function saying(scope: { after(end: () => unknown): void }, word: string): Promise<number> {
  const server = createServer((connection) => {
    connection.on('error', () => undefined);
    connection.end(word);
  }).listen(0, '127.0.0.1');
  scope.after(() => server.close());
  await new Promise((done) => server.once('listening', done));
  return (server.address() as { port: number }).port;
}

async function playOne({ name, danger, examples }: Operation, run: Run): Promise<Told[]> {
  const { first = [], dry = false, example = 0 } = SCRIPTS[name] ?? {};
  const undo: string[] = [];
  for (const command of first) undo.unshift(...idsIn(await operate(command, run)));
  const { command } = examples[example]!;
  const answered = danger === 'dangerous' && !command.includes('--yes') ? `${command} --yes` : command;
  const asksDry = answered.includes('--dry-run');
  const commands = danger === 'reads' ? [answered] : [asksDry ? answered : `${answered} --dry-run`];
  if (danger !== 'reads' && !dry && !asksDry) commands.push(answered);
  const told: Told[] = [];
  for (const one of commands) {
    const output = await operate(one, run);
    if (one === answered) undo.unshift(...idsIn(output));
    told.push({ command: one, output: readable(output, run) });
  }
  // What cannot be taken back, or was, stays.
  for (const id of undo) await operate(`undo ${id} --yes`, run).catch(() => undefined);
  return told;
}

/** Runs `sluice COMMAND` as a shell would, without a terminal; what it told on both streams. Throws when it fails. */
async function operate(command: string, run: Run): Promise<string> {
  let told = '';
  const output = { write: (text: string) => void (told += text), isTerminal: false, hasColours: false };
  const words = (command.replaceAll('/etc/haproxy', run.dir).match(/(?:"[^"]*"|[^\s"])+/g) ?? []).map((word) =>
    word.replaceAll('"', ''),
  );
  const status = await runOps(words, {
    terminal: { out: output, err: output, ask: null },
    openTarget: () => openTarget(run.sock('admin')),
    keepLeases: async () => undefined,
    subCommands: [],
  });
  assert.equal(status, 0, `sluice ${command}: ${told}`);
  return told;
}

function idsIn(output: string): string[] {
  return /sluice undo (op-\w+)/.exec(output)?.slice(1) ?? [];
}

/** What differs from one run to the next, as on an installation. */
function readable(output: string, run: Run): string {
  return output
    .replaceAll(run.sock('admin'), '/run/haproxy/admin.sock')
    .replaceAll(`${run.dir}/work`, '/root')
    .replaceAll(run.dir, '/etc/haproxy')
    .replaceAll(`127.0.0.1:${run.port('app1')}`, '10.0.0.11:8080')
    .replaceAll(`127.0.0.1:${run.port('web')}`, '10.0.0.5:80')
    .replaceAll(`127.0.0.1:${run.port('tls')}`, '10.0.0.5:443')
    .replaceAll(hostname(), 'lb1')
    .replaceAll(/\bop-\w+/g, OPERATION)
    .replaceAll(/\d{4}-\d\d-\d\d([T ])\d\d:\d\d:\d\d(?:\.\d+)?/g, '2026-11-21$118:00:00')
    .replaceAll(/\d\d\/\w{3}\/\d{4}:[\d:.]+/g, '21/Nov/2026:18:00:00.000')
    .replaceAll(`agent-port ${run.port('agent')}`, 'agent-port 8081');
}

/** The same without numbers, times, digests and alignment: what counts and lasts is left out. */
export function withoutNumbers(output: string): string {
  return output
    .replaceAll(/\b(sha1|sha256) \w+/g, '$1 N')
    .replaceAll(/\b0x[\da-f]+/g, 'N')
    .replaceAll(/\d+(?:[.:]\d+)*(?:ms|[smhd])?\b(?:\d+[smh]\b)?/g, 'N')
    .replaceAll(/ +/g, ' ');
}
