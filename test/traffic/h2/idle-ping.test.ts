import assert from 'node:assert/strict';
import { createServer, type Socket } from 'node:net';
import { after, test } from 'node:test';
import { get } from '../../support/connection.ts';
import { start } from '../../support/program.ts';
import { pause, until } from '../../support/wait.ts';
import { frame, headers, Peer, preface, settings, T } from './peer.ts';

/* `idle-ping`: peers of idle connections are asked whether they are there. */

const ACK = 1;
const pings = (peer: Peer) => peer.frames.filter(({ type, flags }) => type === T.ping && flags === 0);
const answerPings = (peer: Peer) => {
  let answered = 0;
  peer.socket.on('data', () => {
    for (const { payload } of pings(peer).slice(answered)) {
      answered++;
      peer.send(frame(T.ping, ACK, 0, payload));
    }
  });
};

const servers: Peer[] = [];
/** Whether the next connection of the server answers. */
let answering = false;
const origin = createServer((socket: Socket) => {
  // The preface comes before any frame.
  socket.once('readable', () => {
    socket.read(preface.length);
    const peer = new Peer(socket);
    servers.push(peer);
    if (answering) answerPings(peer);
    const responses = new Set<number>();
    socket.on('data', () => {
      for (const { type, stream } of peer.frames)
        if (type === T.headers && !responses.has(stream)) {
          responses.add(stream);
          peer.send(headers(stream, [[':status', '204']]));
        }
    });
    peer.send(settings());
  });
});
await new Promise<void>((resolve) => origin.listen(0, '127.0.0.1', resolve));
after(() => {
  origin.close();
  for (const { socket } of servers) socket.destroy();
});
const address = origin.address();

const run = await start(
  { after },
  `
defaults
    mode http
    timeout connect 5s
    timeout client 400ms
    timeout server 5s
frontend asked
    bind {addr:asked} proto h2 idle-ping 100ms
    http-request return status 200
frontend limited
    timeout http-keep-alive 400ms
    bind {addr:limited} proto h2 idle-ping 100ms
    http-request return status 200
frontend unasked
    bind {addr:unasked} proto h2
    http-request return status 200
frontend web
    bind {addr:web}
    default_backend web
backend web
    server s {addr:origin} proto h2 idle-ping 100ms
`,
  { ports: { origin: typeof address === 'object' ? address!.port : 0 } },
);

const visit = async (scope: Parameters<typeof Peer.open>[0], port: string, answers: boolean) => {
  const peer = await Peer.open(scope, run.port(port));
  if (answers) answerPings(peer);
  peer.send(headers(1));
  await until('a response', () => peer.frames.some(({ type }) => type === T.headers));
  return { peer, since: performance.now() };
};

test('a client that does not answer is gone by the next time', async (t) => {
  const { peer, since } = await visit(t, 'asked', false);
  await until('the end', () => peer.ended);
  assert.equal(pings(peer).length, 1);
  assert.ok(performance.now() - since < 390, 'before its timeout');
});

test('a client that answers stays, beyond its timeout', async (t) => {
  const { peer } = await visit(t, 'asked', true);
  await pause(1000);
  assert.equal(peer.ended, false);
  assert.ok(pings(peer).length >= 5, `${pings(peer).length} pings`);
  peer.send(headers(3));
  await until('another response', () => peer.frames.filter(({ type }) => type === T.headers).length === 2);
});

test('a client that answers does not stay longer than idle connections may', async (t) => {
  const { peer, since } = await visit(t, 'limited', true);
  await until('the end', () => peer.ended || peer.frames.some(({ type }) => type === T.goaway));
  assert.ok(performance.now() - since >= 390);
});

test('nobody is asked without it', async (t) => {
  const { peer } = await visit(t, 'unasked', false);
  await until('the end', () => peer.ended || peer.frames.some(({ type }) => type === T.goaway));
  assert.equal(pings(peer).length, 0);
});

test('a server that does not answer is gone, and one that does is used again', async () => {
  assert.equal((await get(run.port('web'), '/')).status, 204);
  const [silent] = servers;
  await until('the end', () => silent!.ended);
  answering = true;
  assert.equal((await get(run.port('web'), '/')).status, 204);
  await pause(500);
  assert.equal(servers.at(-1)!.ended, false);
  assert.equal(servers.length, 2);
});
