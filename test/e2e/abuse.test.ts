import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, test } from 'node:test';
import { cli, cliBytes } from '../support/cli.ts';
import { type Connection, connect, get } from '../support/connection.ts';
import { origin } from '../support/origin.ts';
import { start, unlessHaproxy26 } from '../support/program.ts';
import { until } from '../support/wait.ts';

// Bad use of the Runtime API and of the frontends: bounded memory, timeouts, and nobody else notices.

const app = await origin({ after }, (request) => ({ body: request.target === '/big' ? 65_536 : 'ok' }));
const many = Array.from({ length: 3000 }, (_, i) => `    server s${i} 127.0.0.1:1 disabled`).join('\n');
const run = await start(
  { after },
  `
global
    stats socket {sock:admin} level admin
    stats socket {sock:side} level admin
    stats maxconn 6000
    stats timeout 2s
    maxconn 2500
defaults
    mode http
    timeout connect 5s
    timeout client 2s
    timeout server 5s
    timeout http-request 1s
frontend web
    bind {addr:web}
    default_backend app
backend app
    server app {addr:app}
backend many
${many}
`,
  { ports: { app } },
);
const admin = run.sock('admin');

/** The program still answers, on both sides, and has grown by no more than `mb` since `before`. */
async function unharmed(before: number, mb: number): Promise<void> {
  assert.match(await cli(run.sock('side'), 'show version'), /^\S+$/);
  assert.equal((await get(run.port('web'))).text, 'ok');
  const grown = (memory() - before) / 1024;
  assert.ok(grown < mb, `memory grew by ${grown.toFixed(1)} MB`);
}

function memory(): number {
  return Number(/VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${run.pid}/status`, 'utf8'))?.[1]);
}

test('a line without end is refused, not kept', async (t) => {
  const before = memory();
  const client = await connect(t, admin);
  for (let i = 0; i < 64; i++) client.send(Buffer.alloc(1 << 16, 'x'));
  await client.rest({ tolerateReset: true });
  await unharmed(before, 24);
});

test('a payload without end is refused, not kept', async (t) => {
  const before = memory();
  const client = await connect(t, admin);
  client.send('show version <<\n');
  for (let i = 0; i < 2000; i++) client.send(`${'y'.repeat(1023)}\n`);
  await client.rest({ tolerateReset: true });
  await unharmed(before, 24);
});

test(
  'a line that never ends, and a client that never speaks, are closed after stats timeout',
  unlessHaproxy26('waits for the end of a line without a limit'),
  async (t) => {
    const slow = await connect(t, admin);
    slow.send('show ver');
    const mute = await connect(t, admin);
    assert.equal(await slow.rest({ tolerateReset: true }), '');
    assert.equal(await mute.rest({ tolerateReset: true }), '');
  },
);

test('binary input is answered as an unknown command or not at all', async () => {
  const before = memory();
  for (const bytes of [
    '\x00\x01\x02\xff\xfe\n',
    '\x16\x03\x01\x02\x00\x01\n',
    `${'\x80'.repeat(2000)}\n`,
    '\x1b[2J\r\n',
  ]) {
    const answer = await cliBytes(admin, bytes).catch(() => '');
    assert.ok(
      answer === '' || answer === '\n' || /^Unknown command/.test(answer),
      JSON.stringify(answer.slice(0, 100)),
    );
  }
  await unharmed(before, 24);
});

test('a half-close at every point of a line is met with an answer or an end', async () => {
  const line = 'show servers state app\n';
  for (let n = 0; n <= line.length; n++) {
    const answer = await cliBytes(admin, line.slice(0, n)).catch(() => '');
    if (n === line.length) assert.match(answer, /^1\n# be_id/);
    else assert.ok(answer.length < 200 || answer.startsWith('1\n'), JSON.stringify(answer.slice(0, 100)));
  }
});

test('5,000 idle connections hurt nobody', unlessHaproxy26('counts file descriptors otherwise'), async (t) => {
  const before = memory();
  const clients: Connection[] = [];
  for (let i = 0; i < 50; i++) {
    clients.push(...(await Promise.all(Array.from({ length: 100 }, () => connect(t, admin)))));
  }
  await unharmed(before, 100);
  for (const client of clients) client.close();
});

test('clients that never read a long answer are waited for, not collected for', async (t) => {
  const before = memory();
  const clients = await Promise.all(Array.from({ length: 20 }, () => connect(t, admin)));
  for (const client of clients) {
    client.pause();
    client.send(
      'set timeout cli 3s;show stat;show stat json;show stat typed;show stat;show stat json;show stat typed\n',
    );
  }
  // Each of them has asked for some 10 MB.
  await until('the answers to begin', async () => (await cli(run.sock('side'), 'show version')) !== '');
  await unharmed(before, 120);
  for (const client of clients) client.reset();
  await unharmed(before, 120);
});

test('a client that leaves in the middle of a long answer leaves no trace', async (t) => {
  for (let i = 0; i < 20; i++) {
    const client = await connect(t, admin);
    client.send('show stat\n');
    await client.bytes(1000);
    if (i % 2) client.reset();
    else client.close();
  }
  await unharmed(memory(), 24);
  assert.ok((await cli(admin, 'show stat')).length > 100_000);
});

test('stats maxconn holds: what is too much waits until a place is free', async (t) => {
  const own = await start(
    t,
    `
global
    stats socket {sock:admin} level admin
    stats maxconn 2
    stats timeout 10s
defaults
    mode http
    timeout connect 5s
    timeout client 5s
    timeout server 5s
frontend f
    bind {addr:f}
`,
  );
  const [first] = [await connect(t, own.sock('admin')), await connect(t, own.sock('admin'))];
  await first?.silent(50);
  const third = await connect(t, own.sock('admin'));
  third.send('show version\n');
  assert.ok(await third.silent(200));
  first?.close();
  assert.match(await third.rest(), /^\S+\n\n$/);
});

test('2,000 clients that send a byte now and then are closed after timeout http-request', async (t) => {
  const before = memory();
  const clients: Connection[] = [];
  for (let i = 0; i < 20; i++) {
    clients.push(...(await Promise.all(Array.from({ length: 100 }, () => connect(t, run.port('web'))))));
  }
  for (const client of clients) client.send('GET / HT');
  await unharmed(before, 100);
  const statuses = await Promise.all(clients.map(async (client) => (await client.response()).status));
  assert.ok(statuses.every((status) => status === 408));
  await until('all to be gone', async () => Number((await run.info())['CurrConns']) < 20);
});

test('a client that sends forever without reading is stopped by the windows', async (t) => {
  const before = memory();
  const client = await connect(t, run.port('web'));
  client.pause();
  client.send('GET /big HTTP/1.1\r\nHost: x\r\n\r\n'.repeat(20_000));
  let last = -1;
  await until(
    'the flow to stall',
    () => {
      const same = last === app.requests.length;
      last = app.requests.length;
      return same;
    },
    { every: 300 },
  );
  assert.ok(app.requests.length < 2_000, `${app.requests.length} answers of 64 kB were fetched`);
  await unharmed(before, 100);
  client.reset();
});
