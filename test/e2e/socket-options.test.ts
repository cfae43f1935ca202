import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { connect } from '../support/connection.ts';
import { tcpOrigin } from '../support/origin.ts';
import { runToEnd, start } from '../support/program.ts';
import { until } from '../support/wait.ts';

// What bind and server lines say of sockets is read back from the kernel, on the program's own sockets.

const inspector = fileURLToPath(new URL('../support/sockets.py', import.meta.url));

/** Descriptors of another process are for its debugger. */
const skip =
  (process.getuid!() !== 0 && 'needs root') || (spawnSync('python3', ['-V']).status !== 0 && 'needs python3');

interface Told extends Record<string, unknown> {
  readonly port: number;
  readonly peer?: number;
  readonly listening: boolean;
}

function sockets(pid: number): Told[] {
  const { stdout, stderr } = spawnSync('python3', [inspector, String(pid)], { encoding: 'utf8' });
  assert.equal(stderr, '');
  return JSON.parse(stdout) as Told[];
}

const only = (told: Told, wanted: object) => Object.fromEntries(Object.keys(wanted).map((key) => [key, told[key]]));

/** Options of a `bind` line, and what its sockets are to have. IPv6 lines are bound to all addresses. */
const BINDS: readonly (readonly [name: string, options: string, told: Readonly<Record<string, unknown>>])[] = [
  ['plain', '', { SO_BINDTODEVICE: '', TCP_DEFER_ACCEPT: 0, TCP_FASTOPEN: 0, IP_TRANSPARENT: 0, SO_REUSEPORT: 1 }],
  ['device', 'interface lo', { SO_BINDTODEVICE: 'lo', SO_REUSEPORT: 1 }],
  ['transparent', 'transparent', { IP_TRANSPARENT: 1 }],
  ['defer', 'defer-accept', { TCP_DEFER_ACCEPT: 1 }],
  ['backlog', 'backlog 77', { backlog: 77 }],
  ['mss', 'mss 1000', { TCP_MAXSEG: 1000 }],
  ['smaller', 'mss -36', { TCP_MAXSEG: 500 }],
  ['timeout', 'tcp-ut 20s', { TCP_USER_TIMEOUT: 20_000 }],
  ['cc', 'cc reno', { TCP_CONGESTION: 'reno' }],
  ['tfo', 'tfo backlog 33', { TCP_FASTOPEN: 33 }],
  [
    'all',
    'interface lo defer-accept backlog 5 mss 900 tcp-ut 1s',
    { SO_BINDTODEVICE: 'lo', backlog: 5, TCP_MAXSEG: 900 },
  ],
  ['six', 'v6only', { IPV6_V6ONLY: 1 }],
  ['both', 'v4v6', { IPV6_V6ONLY: 0 }],
  ['six_own', 'v6only interface lo transparent', { IPV6_V6ONLY: 1, IPV6_TRANSPARENT: 1, SO_BINDTODEVICE: 'lo' }],
  ['both_own', 'v4v6 defer-accept', { IPV6_V6ONLY: 0 }],
];

const isIpv6 = (name: string) => name.startsWith('six') || name.startsWith('both');

const binds = BINDS.map(
  ([name, options]) => `  bind ${isIpv6(name) ? `:::{port:${name}}` : `{addr:${name}}`} name ${name} ${options}`,
).join('\n');

const config = `
global
  stats socket {sock:admin} level admin
  nbthread 2
  tune.rcvbuf.client 30000
  tune.sndbuf.client 40000
  tune.rcvbuf.server 50000
  tune.sndbuf.server 60000
defaults
  mode tcp
  timeout connect 5s
  timeout client 30s
  timeout server 30s
frontend web
  backlog 55
${binds}
  option clitcpka
  clitcpka-cnt 3
  clitcpka-idle 90
  clitcpka-intvl 7s
  default_backend app
backend app
  source 127.0.0.9 interface lo
  option srvtcpka
  srvtcpka-cnt 4
  srvtcpka-idle 2m
  server a {addr:a} tcp-ut 15s cc reno
`;

test('listening sockets have the options of their bind lines', { skip }, async (t) => {
  const origin = await tcpOrigin(t);
  const run = await start(t, config, { ports: { a: origin } });
  const all = sockets(run.pid).filter(({ listening }) => listening);
  for (const [name, options, wanted] of BINDS) {
    // Each of the two threads has a socket, of which the control thread keeps a descriptor.
    const own = all.filter(({ port }) => port === run.port(name));
    assert.equal(own.length, 4, name);
    for (const told of own) assert.deepEqual(only(told, wanted), wanted, `bind ... ${options}`);
  }
  const [plain] = all.filter(({ port }) => port === run.port('plain'));
  assert.equal(plain!['backlog'], 55);
});

test('sockets of connections have the options of their proxy, server and the process', { skip }, async (t) => {
  const origin = await tcpOrigin(t);
  const run = await start(t, config, { ports: { a: origin } });
  const first = await connect(t, run.port('mss'));
  await first.send('x');
  await until('the connection to the server', () => sockets(run.pid).some(({ peer }) => peer === origin.port));
  const all = sockets(run.pid).filter(({ listening }) => !listening);
  const client = all.find(({ peer }) => peer === first.port)!;
  // The kernel doubles what it is told of buffers (socket(7)).
  const probes = { TCP_KEEPCNT: 3, TCP_KEEPIDLE: 90, TCP_KEEPINTVL: 7 };
  const ofClient = {
    ...probes,
    SO_KEEPALIVE: 1,
    SO_RCVBUF: 60_000,
    SO_SNDBUF: 80_000,
    TCP_NODELAY: 1,
    TCP_USER_TIMEOUT: 0,
  };
  assert.deepEqual(only(client, ofClient), ofClient);
  assert.ok((client['TCP_MAXSEG'] as number) <= 1000);
  const server = all.find(({ peer }) => peer === origin.port)!;
  const ofServer = {
    SO_KEEPALIVE: 1,
    TCP_KEEPCNT: 4,
    TCP_KEEPIDLE: 120,
    SO_RCVBUF: 100_000,
    SO_SNDBUF: 120_000,
    TCP_NODELAY: 1,
    TCP_USER_TIMEOUT: 15_000,
    SO_BINDTODEVICE: 'lo',
    TCP_CONGESTION: 'reno',
    host: '127.0.0.9',
  };
  assert.deepEqual(only(server, ofServer), ofServer);
});

test('what the kernel does not take ends the start, with the line', { skip }, async () => {
  const text = (options: string) =>
    `defaults\n mode tcp\n timeout client 1s\nfrontend web\n bind {addr:web} ${options}\n tcp-request content reject\n`;
  for (const [options, reason] of [
    ['interface nosuch0', 'cannot bind listener to device (No such device)'],
    ['cc nosuch', 'cannot bind socket (No such file or directory)'],
  ] as const) {
    const exit = await runToEnd(text(options), { noWait: true });
    assert.equal(exit.code, 1);
    assert.ok(exit.stderr.includes(`haproxy.cfg:5] for proxy web: ${reason}`), exit.stderr);
  }
});

test('a reload changes backlogs in place, and opens sockets anew for what they must be told before', {
  skip,
}, async (t) => {
  const origin = await tcpOrigin(t);
  const run = await start(t, config, { ports: { a: origin } });
  run.rewrite(
    config
      .replace('backlog 77', 'backlog 78')
      .replace('backlog 55', 'backlog 56')
      .replace('mss 1000', 'mss 1100')
      .replace('  option clitcpka\n', ''),
  );
  assert.match(await run.cli('reload'), /^Success=1/);
  const of = (name: string, key: string) =>
    sockets(run.pid)
      .filter(({ listening, port }) => listening && port === run.port(name))
      .map((told) => told[key]);
  assert.deepEqual(of('backlog', 'backlog'), [78, 78, 78, 78]);
  assert.deepEqual(of('plain', 'backlog'), [56, 56, 56, 56]);
  assert.deepEqual(of('mss', 'TCP_MAXSEG'), [1100, 1100, 1100, 1100]);
  const client = await connect(t, run.port('plain'));
  await client.send('x');
  await until('the connection to the server', () => sockets(run.pid).some(({ peer }) => peer === origin.port));
  assert.equal(sockets(run.pid).find(({ peer }) => peer === client.port)!['SO_KEEPALIVE'], 0);
});

test("transparent is for addresses that are not the machine's own", { skip }, async (t) => {
  const address = '203.0.113.77'; // RFC 5737: nobody has it.
  const text = (options: string) =>
    `defaults\n mode tcp\n timeout client 1s\nfrontend web\n bind ${address}:{port:web} ${options}\n tcp-request content reject\n`;
  const refused = await runToEnd(text(''), { noWait: true });
  assert.match(refused.stderr, /cannot bind socket \(Cannot assign requested address\)/);
  const run = await start(t, text('transparent'));
  assert.ok(sockets(run.pid).some(({ listening, host }) => listening && host === address));
});
