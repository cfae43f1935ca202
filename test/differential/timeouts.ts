import { connect } from 'node:net';
import { blackhole } from '../support/blackhole.ts';
import { pause } from '../support/wait.ts';
import type { Family, Scenario, Sent } from './family.ts';
import type { Random } from './random.ts';
import { type Act, tcpServers, want } from './tcp-origin.ts';

/*
 * Timeouts short enough to happen, each of another length so that it shows which one it was: by the answer, the termination state and the
 * times that are -1. All connections of a scenario are there at once, each from an address of its own.
 */

/** What a client does over one connection: bytes at set times, and when it goes (`end` half closes). */
interface Doing extends Sent {
  readonly steps: readonly { readonly after: number; readonly send?: string; readonly go?: 'end' | 'reset' }[];
}

/** Longer than all timeouts together that a connection can see. */
const LONG = 3600;
const LENGTHS = [120, 240, 360, 480, 600];

const NAMES = [
  'client',
  'server',
  'http-request',
  'http-keep-alive',
  'tunnel',
  'client-fin',
  'server-fin',
  'tarpit',
  'queue',
  'connect',
];

/** What servers do: answers that come, come late or never, or stop halfway. */
const ACTS: Readonly<Record<string, Act>> = {
  ok: (socket) => socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'),
  late: async (socket) => {
    await pause(60);
    socket.write('HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nlate');
  },
  end: (socket) => socket.end('bye'),
  half: (socket) => socket.write('HTTP/1.1 200 OK\r\nContent-Le'),
  halfBody: (socket) => socket.write('HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf'),
  halfChunk: (socket) => socket.write('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n'),
  switch: (socket) =>
    socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: chat\r\n\r\nhi'),
};

function timeouts(random: Random, must: readonly string[]): string[] {
  const left = [...LENGTHS];
  return NAMES.flatMap((name) => {
    if (!must.includes(name) && random.chance(0.4)) return [];
    if (left.length === 0) left.push(...LENGTHS);
    const [length] = left.splice(random.below(left.length), 1);
    return [`timeout ${name} ${length}ms`];
  });
}

const OPTIONS = [
  'option http-server-close',
  'option httpclose',
  'option http-buffer-request',
  'option dontlognull',
  'option http-ignore-probes',
  'option log-separate-errors',
  'option http-keep-alive',
  'option logasap',
];
const BACK_OPTIONS = [
  'retries 0',
  'retries 1',
  'option redispatch',
  'retry-on response-timeout\nretries 1',
  'option http-server-close',
  'option http-pretend-keepalive',
  'retry-on all-retryable-errors\nretries 1',
];

const get = (path: string, more = ''): string => `GET ${path} HTTP/1.1\r\nHost: a\r\n${more}\r\n`;
const post = (path: string, body: string): string =>
  `POST ${path} HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n${body}`;
const act = (name: string): string => `/${want(name)}`;

const HTTP: readonly (() => Doing['steps'])[] = [
  () => [],
  () => [{ after: 0, go: 'end' }],
  () => [{ after: 0, send: 'GET / HT' }],
  () => [{ after: 0, send: 'GET / HT', go: 'end' }],
  () => [{ after: 0, send: 'GET / HT' }, { after: 80, go: 'reset' }],
  () => [{ after: 0, send: 'GET / HTTP/1.1\r\nHost: a\r\n' }, { after: 100, send: 'X-A: a\r\n' }],
  () => [{ after: 0, send: get(act('ok')) }],
  () => [{ after: 0, send: get(act('ok')) }, { after: 60, send: 'GET / HT' }],
  () => [{ after: 0, send: get(act('ok')) }, { after: 60, go: 'end' }],
  () => [{ after: 0, send: get(act('never')) }],
  () => [{ after: 0, send: get(act('never')) }, { after: 80, go: 'end' }],
  () => [{ after: 0, send: get(act('late')) , go: 'end' }],
  () => [{ after: 0, send: get(act('half')) }],
  () => [{ after: 0, send: get(act('halfBody')) }],
  () => [{ after: 0, send: get(act('halfChunk')) }],
  () => [{ after: 0, send: post(act('late'), 'half') }, { after: 30, send: 'ways!!' }],
  () => [{ after: 0, send: get(act('switch'), 'Connection: Upgrade\r\nUpgrade: chat\r\n') }],
  () => [{ after: 0, send: get(act('switch'), 'Connection: Upgrade\r\nUpgrade: chat\r\n') }, { after: 80, send: 'hello', go: 'end' }],
  () => [{ after: 0, send: get('/tarpit') }],
  () => [{ after: 0, send: get('/tarpit') }, { after: 20, go: 'reset' }],
  () => [{ after: 0, send: get('/hole') }],
]; // biome-ignore format: a table

const TCP: readonly (() => Doing['steps'])[] = [
  () => [],
  () => [{ after: 0, go: 'end' }],
  () => [{ after: 0, send: want('ok') }],
  () => [{ after: 0, send: want('never') }],
  () => [{ after: 0, send: want('never'), go: 'end' }],
  () => [{ after: 0, send: want('halfBody') }, { after: 80, go: 'end' }],
  () => [{ after: 0, send: want('end') }],
  () => [{ after: 0, send: want('end') }, { after: 80, go: 'end' }],
  () => [{ after: 0, send: want('ok') }, { after: 80, go: 'reset' }],
  () => [{ after: 0, send: 'hole' }],
  () => [{ after: 0, send: 'hole' }, { after: 60, go: 'reset' }],
  () => [{ after: 0, send: 'ho' }],
  () => [{ after: 0, send: 'ho' }, { after: 60, go: 'reset' }],
]; // biome-ignore format: a table

function make(random: Random, id: number): Scenario {
  const http = random.chance(0.6);
  const queued = http ? get('/wait') : 'wait';
  const queue = random.chance(0.5) ? [[{ after: 0, send: queued }], [{ after: 40, send: queued }]] : [];
  const doing = [...Array.from({ length: 12 }, () => random.pick(http ? HTTP : TCP)()), ...queue];
  const connections = doing.map((steps: Doing['steps']) => [
    { bytes: steps.map(({ send = '', go = '' }) => send + go).join(' '), steps },
  ]);
  const some = (list: readonly string[], most: number) =>
    random.some(most, () => random.pick(list)).flatMap((line) => line.split('\n'));
  const mode = http ? ['mode http', 'option httplog'] : ['mode tcp', 'option tcplog'];
  const own = [
    ...mode,
    ...(http ? ['no option abortonclose'] : []),
    ...timeouts(random, ['client', 'server', 'connect']),
  ];
  const routes = http
    ? [
        'http-request tarpit if { path /tarpit }',
        `use_backend b_${id} if { path /hole }`,
        `use_backend q_${id} if { path /wait }`,
      ]
    : [
        'tcp-request inspect-delay 350ms',
        'tcp-request content accept if { req.len ge 4 }',
        `use_backend b_${id} if { req.payload(0,4) -m str hole }`,
        `use_backend q_${id} if { req.payload(0,4) -m str wait }`,
      ];
  const lines = [
    `frontend fe_${id}`,
    `bind {addr:fe_${id}}`,
    'log {addr:log} len 4096 local0',
    ...own,
    ...some(OPTIONS, 2),
    ...(http || random.chance(0.5) ? routes : []),
    `default_backend a_${id}`,
    `backend a_${id}`,
    ...own,
    ...some(BACK_OPTIONS, 2),
    'server s1 {addr:s1}',
    `backend b_${id}`,
    ...own,
    ...some(BACK_OPTIONS, 2),
    'server hole {addr:hole}',
    `backend q_${id}`,
    ...own,
    'server s1 {addr:s1} maxconn 1',
  ];
  return { family: timeoutFamily, id, lines, connections, unordered: true };
}

/** What one client saw: all that came, and how its connection ended. */
function heard(
  host: string,
  port: number,
  index: number,
  steps: Doing['steps'],
): Promise<{ text: string; refused: boolean }> {
  const { promise, resolve } = Promise.withResolvers<{ text: string; refused: boolean }>();
  const socket = connect({ host, port, localAddress: `127.0.1.${index + 1}`, noDelay: true, allowHalfOpen: true });
  let text = '';
  const over = (how: string, refused = false): void => {
    clearTimeout(timer);
    socket.destroy();
    // What came before it went is a matter of luck.
    resolve({ text: how === 'left' ? how : `${text}<${how}>`, refused });
  };
  const timer = setTimeout(() => over('open'), LONG);
  socket.on('data', (bytes) => (text += bytes.toString('latin1')));
  socket.on('end', () => over('end'));
  socket.on('error', (error: NodeJS.ErrnoException) => over('reset', error.code === 'ECONNREFUSED'));
  socket.on('connect', async () => {
    await pause(40);
    for (const { after, send, go } of steps) {
      await pause(after);
      if (socket.destroyed) return;
      if (send !== undefined) socket.write(send, 'latin1');
      if (go === 'end') socket.end();
      if (go === 'reset') {
        socket.resetAndDestroy();
        over('left');
      }
    }
  });
  return promise;
}

/** Timeouts by phase, in modes http and tcp. */
export const timeoutFamily: Family = {
  name: 'timeouts',
  sample: 4,
  head: `
global
    nbthread 1
    log-send-hostname lb
`,
  accepted: [],
  make,
  async servers(scope) {
    const { ports } = await tcpServers(scope, ['s1'], () => {}, ACTS);
    return { ...ports, hole: (await blackhole(scope)).port };
  },
  async play(run, { id, connections }, on) {
    const all = await Promise.all(
      connections.map(([one], index) => heard(on.host, run.port(`fe_${id}`), index, (one as Doing).steps)),
    );
    if (all.some(({ refused }) => refused)) return null;
    return new Map(all.map(({ text }, index) => [`${index}.0`, text]));
  },
};
