import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { after, test } from 'node:test';
import { type Connection, connect, get } from '../support/connection.ts';
import { origin } from '../support/origin.ts';
import { isHaproxy, start } from '../support/program.ts';
import { until } from '../support/wait.ts';

const size = 24 << 20;
const big = Buffer.alloc(size);
for (let i = 0; i < size; i += 4) big.writeUInt32BE(i, i);
const hash = (bytes: Buffer) => createHash('sha1').update(bytes).digest('hex');

const app = await origin({ after }, (request) => {
  if (request.target === '/big') return { body: big };
  if (request.target === '/chunks') {
    const pieces: Buffer[] = [];
    for (let at = 0, n = 1; at < 3_000_000; at += n, n = (n * 7 + 11) % 30_000) pieces.push(big.subarray(at, at + n));
    return { chunks: pieces };
  }
  return { body: `${request.body.length} ${hash(request.body)}` };
});
// Never reads: what it is sent piles up on the way.
const deaf = await origin({ after }, () => null, { deaf: true });
// Sends without end, as long as somebody takes it.
const endless = await origin({ after }, async (_request, connection) => {
  await connection.send('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n');
  const chunk = Buffer.concat([Buffer.from('10000\r\n'), Buffer.alloc(65536, 'x'), Buffer.from('\r\n')]);
  sent = 0;
  for (;;) {
    await connection.send(chunk);
    sent += 65536;
  }
});
let sent = 0;
const run = await start(
  { after },
  `
global
    stats socket {sock:admin} level admin
defaults
    mode http
    timeout connect 5s
    timeout client 20s
    timeout server 20s
frontend fe
    bind {addr:fe}
    use_backend deaf if { path /deaf }
    use_backend endless if { path /endless }
    default_backend be
backend be
    server app {addr:app}
backend deaf
    server deaf {addr:deaf}
backend endless
    server endless {addr:endless}
`,
  { ports: { app, deaf, endless } },
);
const fe = run.port('fe');

test('24 MB down arrive whole', async () => {
  const response = await get(fe, '/big');
  assert.equal(response.get('content-length'), String(size));
  assert.equal(hash(response.body), hash(big));
});

test('24 MB up with a length arrive whole', async (t) => {
  const client = await connect(t, fe);
  client.send(`POST /up HTTP/1.1\r\nHost: x\r\nContent-Length: ${size}\r\n\r\n`);
  client.send(big);
  assert.equal((await client.response('POST')).text, `${size} ${hash(big)}`);
});

test('chunks of all sizes arrive whole, up and down', async (t) => {
  const down = await get(fe, '/chunks');
  assert.equal(hash(down.body), hash(big.subarray(0, down.body.length)));
  const client = await connect(t, fe);
  client.send('POST /up HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n');
  let at = 0;
  for (let n = 1; at < 3_000_000; at += n, n = (n * 7 + 11) % 30_000 || 1) {
    client.send(`${n.toString(16)}\r\n`);
    client.send(big.subarray(at, at + n));
    client.send('\r\n');
  }
  client.send('0\r\n\r\n');
  assert.equal((await client.response('POST')).text, `${at} ${hash(big.subarray(0, at))}`);
});

test('a slow reader gets everything', async (t) => {
  const client = await connect(t, fe);
  client.send('GET /big HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n');
  await client.through('\r\n\r\n');
  const parts: Buffer[] = [];
  for (let left = size; left > 0; ) {
    const n = Math.min(left, 4 << 20);
    parts.push(await client.bytes(n));
    client.pause();
    await new Promise((resolve) => setTimeout(resolve, 10));
    client.resume();
    left -= n;
  }
  assert.equal(hash(Buffer.concat(parts)), hash(big));
});

test('what a client does not read stays with the server: memory does not grow', async (t) => {
  const client = await connect(t, fe);
  client.send('GET /endless HTTP/1.1\r\nHost: x\r\n\r\n');
  await client.through('\r\n\r\n');
  client.pause();
  const before = memory();
  await stalled(() => sent);
  assert.ok(sent < 16 << 20, `${sent} bytes were taken from the server`);
  const grown = memory() - before;
  assert.ok(isHaproxy || grown < 16 << 20, `memory grew by ${grown} bytes`);
});

test('what a server does not read stays with the client: memory does not grow', async (t) => {
  const client = await connect(t, fe);
  client.send('POST /deaf HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000000\r\n\r\n');
  await deaf.nextConnection();
  const before = memory();
  let taken = 0;
  const push = (): void => {
    client.send(big.subarray(0, 65536)).then(
      () => {
        taken += 65536;
        push();
      },
      () => {},
    );
  };
  push();
  await stalled(() => taken);
  assert.ok(taken < 16 << 20, `${taken} bytes were taken from the client`);
  const grown = memory() - before;
  assert.ok(grown < 16 << 20, `memory grew by ${grown} bytes`);
  (client as Connection).reset();
});

/** Resident memory of the program in bytes. */
function memory(): number {
  const pages = /VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${run.pid}/status`, 'utf8'));
  return Number(pages?.[1]) * 1024;
}

/** Resolves when the number has not changed for a quarter of a second. */
async function stalled(number: () => number): Promise<void> {
  let last = -1;
  await until(
    'the flow to stall',
    () => {
      const same = last === number();
      last = number();
      return same;
    },
    { every: 250 },
  );
}
